// The loops that time native engines: what they repeat, in which order, and what they refuse.

#include <gtest/gtest.h>

#include <runner.hpp>

namespace native {
namespace {

// A program that writes down what it is told to do.
struct Diary {
  static inline std::string text;

  Diary(const Workload& /*workload*/, const Inputs& /*inputs*/, const std::string& /*dtype*/) {}
  static json info() { return json::object(); }
  static void set_threads(int /*n*/) {}
  static std::string supports(const Workload& /*workload*/, const std::string& /*dtype*/) { return ""; }
  void reset() { text += "reset "; }
  void clear() { text += "clear "; }
  void forward(std::size_t k) { text += "forward" + std::to_string(k) + " "; }
  void backward() { text += "backward "; }
  void update(std::size_t k) { text += "update" + std::to_string(k) + " "; }
  double loss() const { return 0; }
  void add_gradients(Bundle& /*bundle*/) const {}
  json counters(auto&& grad) {
    grad();
    return json::object();
  }
};

Inputs batches_of_two_two_and_one() {
  Bundle bundle;
  bundle.add("data/x", {5, 1}, {0.5, 0.25, 0, 1, 2});
  bundle.arrays.emplace_back("batches/flat", Array{{5}, {}, {0, 1, 2, 3, 4}});
  bundle.arrays.emplace_back("batches/starts", Array{{4}, {}, {0, 2, 4, 5}});
  return Inputs::from(bundle);
}

std::string written(const std::string& phase, std::int64_t n) {
  Runner<Diary> runner;
  runner.setup({}, batches_of_two_two_and_one(), "float64", 1);
  Diary::text.clear();
  runner.run(phase, n);
  return Diary::text;
}

TEST(BenchRunner, ARunBeginsWithOneRepeatThatIsNotCounted) {
  const std::string first = "clear forward0 backward update0 ", second = "clear forward1 backward update1 ";
  EXPECT_EQ(written("step", 3), "reset " + first + first + second + first) << "an untimed step, then full batch after full batch";
  EXPECT_EQ(written("forward", 2), "reset forward0 forward0 forward0 ");
  EXPECT_EQ(written("grad", 1), "reset clear forward0 backward clear forward0 backward ");
  EXPECT_EQ(written("backward", 1), "reset clear forward0 backward clear forward0 backward ");
  EXPECT_EQ(written("update", 2), "reset clear forward0 backward update0 clear forward0 backward update0 update0 ");
}

TEST(BenchRunner, WhatCannotBeRunIsRefused) {
  EXPECT_THROW(Runner<Diary>().run("step", 1), ProtocolError) << "nothing is set up";
  EXPECT_THROW(written("step", 0), ProtocolError);
  EXPECT_THROW(written("setp", 1), ProtocolError);
}

TEST(BenchRunner, LossesAndResultsStartFromTheInitialParameters) {
  Runner<Diary> runner;
  runner.setup({}, batches_of_two_two_and_one(), "float64", 1);
  Diary::text.clear();
  EXPECT_EQ(runner.losses(2).size(), 2u);
  EXPECT_EQ(Diary::text, "reset clear forward0 backward update0 clear forward1 backward update1 reset ");
  Diary::text.clear();
  EXPECT_EQ(runner.result().arrays.size(), 1u) << "the loss";
  EXPECT_EQ(Diary::text, "reset clear forward0 backward reset ");
}

}  // namespace
}  // namespace native
