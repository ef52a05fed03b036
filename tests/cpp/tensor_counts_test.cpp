// Counts: right with a lock and without, and locked as soon as there is a second thread.
#include "tensor_testing.hpp"

#include <thread>
#include <trigrad/tensor/pool.hpp>
#include <vector>

namespace trigrad::testing {
namespace {

constexpr std::int64_t kFew = 2, kMany = 1000;  // numbers in the cell's block, and in one of their own

void expect_right_counts(std::int64_t size) {
  Tensor x = randn({size}, DType::Float64);
  const auto counts = [&] { return x.cell()->counts.get(); };
  const auto refs = [&] { return x.cell()->storage->refs.get(); };
  const std::uint32_t alone = size == kFew ? 2 : 1;  // the cell's block counts, too
  EXPECT_EQ(counts(), kRef | kHold);
  EXPECT_EQ(refs(), alone);
  {
    const Tensor y = x, z = x.detach();
    EXPECT_EQ(counts(), 2 * (kRef | kHold));
    EXPECT_EQ(refs(), alone + 1);
  }
  EXPECT_EQ(counts(), kRef | kHold);
  EXPECT_EQ(refs(), alone);

  x.set_requires_grad();
  Tensor h = x + 1.0, y = h + 1.0;  // the sum needs the node h, but not its numbers
  Cell* const node = h.cell();
  EXPECT_EQ(node->counts.get(), 2 * kRef | kHold);
  h = Tensor();
  EXPECT_EQ(node->counts.get(), kRef);
  EXPECT_EQ(node->storage, nullptr) << "whoever let go of the last hold gave the numbers back";
  EXPECT_EQ(counts(), 2 * kRef | kHold);
  y = Tensor();
  EXPECT_EQ(counts(), kRef | kHold);
}

TEST(TensorCounts, AreRightWithALockAndWithout) {
  const auto expect_right = [] {
    for (const std::int64_t size : {kFew, kMany}) expect_right_counts(size);
  };
  expect_right();  // without, where the C library knows that this thread is alone
  in_thread([&] {
    EXPECT_FALSE(nobody_interferes());
    expect_right();
  });
  expect_right();
}

TEST(TensorCounts, NumbersLiveAsLongAsAViewOfThem) {
  const std::uint64_t before = pool_counters().live_bytes;
  for (const std::int64_t size : {kFew, kMany}) {
    Tensor x = full({size}, 3, DType::Float64);
    Tensor first = x.detach(), second = narrow(x, 0, 1, 1);
    x = Tensor();
    EXPECT_EQ(first.data<double>()[1], 3);
    first = Tensor();
    EXPECT_EQ(second.item(), 3);
  }
  EXPECT_EQ(pool_counters().live_bytes, before);

  Tensor leaf = full({kFew}, 3, DType::Float64).set_requires_grad();
  Tensor node = leaf + 1.0, next = node + 1.0, view = node.detach();
  node = Tensor();  // the node lives on, without its numbers; the view keeps those
  EXPECT_EQ(view.data<double>()[1], 4);
  next = Tensor();
  EXPECT_EQ(view.data<double>()[1], 4);
}

TEST(TensorCounts, NoneIsLostBetweenThreads) {
  for (const std::int64_t size : {kFew, kMany}) {
    const Tensor x = randn({size}, DType::Float64);
    const std::uint32_t alone = x.cell()->storage->refs.get();
    std::vector<std::thread> threads;
    for (int k = 0; k < 4; ++k)
      threads.emplace_back([&] {
        for (int n = 0; n < 20'000; ++n) {
          const Tensor mine = x, view = x.detach();
        }
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(x.cell()->counts.get(), kRef | kHold);
    EXPECT_EQ(x.cell()->storage->refs.get(), alone);
  }
}

TEST(TensorCounts, ATensorAndItsLastViewMayDieOnTwoThreads) {
  for (int n = 0; n < 2'000; ++n) {
    Tensor x = full({kFew}, 3, DType::Float64), view = x.detach();
    std::thread other([view = std::move(view)]() mutable {
      EXPECT_EQ(view.data<double>()[0], 3);
      view = Tensor();
    });
    x = Tensor();
    other.join();
  }
}

}  // namespace
}  // namespace trigrad::testing
