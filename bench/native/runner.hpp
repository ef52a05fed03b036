// An Engine from a program: the phases, the curve and the result are the same loops for all native engines, and are
// compiled together with the program they time, so that no call in them is indirect.
//
// A Program offers
//   static json info();  static void set_threads(n);  static std::string supports(workload, dtype);
//   Program(workload, inputs, dtype);
//   void reset();             the initial parameters, a fresh optimiser, no gradients
//   void clear();             no gradients
//   void forward(k);          records the loss of step k (and drops what was recorded before)
//   void backward();          the sweep
//   void update(k);           the optimiser's step
//   double loss();  void add_gradients(Bundle&);  json counters();
//   static json probe(question);   if it answers any
//
// Read before: protocol.hpp. Read next: scalar_program.hpp, tensor_program.hpp.
#pragma once

#include "measure.hpp"
#include "protocol.hpp"

#include <memory>

namespace native {

// Σ 2mnk of the matrix products that one "grad" needs: outputs, gradients of weights, and gradients of inputs where
// something behind them wants one.
inline std::size_t product_flops(const Workload& w, std::size_t rows) {
  std::size_t flops = 0;
  for (const Net& net : w.nets) {
    for (std::size_t k = 0; k < net.trunk.size(); ++k)
      flops += 2 * rows * net.trunk[k].in * net.trunk[k].out * (k > 0 || w.x_requires_grad ? 3 : 2);
    for (const Head& head : net.heads)
      flops += 2 * rows * head.layer.in * head.layer.out * (!net.trunk.empty() || w.x_requires_grad ? 3 : 2);
  }
  return flops;
}

template <class Program>
class Runner final : public Engine {
 public:
  json info() const override {
    json found = Program::info();
    found.update({{"driver", "native"}, {"compiler", compiler_name()}, {"flags", TRIGRAD_BENCH_FLAGS}});
    return found;
  }
  std::string supports(const Workload& w, const std::string& dtype) const override { return Program::supports(w, dtype); }
  void setup(const Workload& w, Inputs inputs, const std::string& dtype, int threads) override {
    Program::set_threads(threads);
    program_.reset();  // the old graph goes before the new one comes
    workload_ = w;
    inputs_ = std::move(inputs);
    program_ = std::make_unique<Program>(workload_, inputs_, dtype);
  }
  void close() override { program_.reset(); }

  std::int64_t run(const std::string& phase, std::int64_t n) override {
    Program& p = ready();
    if (n < 1) throw ProtocolError("ProtocolError: n must be at least 1, not " + std::to_string(n));
    p.reset();
    repeats(p, phase, 1);  // untimed: setting back leaves the caches to copies, a step in training begins where one ended
    return repeats(p, phase, n);
  }

  Bundle result() override {
    Program& p = ready();
    p.reset();
    grad(p, 0);
    Bundle bundle;
    bundle.add("loss", {}, {p.loss()});
    p.add_gradients(bundle);
    p.reset();
    return bundle;
  }

  std::vector<double> losses(std::int64_t steps) override {
    Program& p = ready();
    p.reset();
    std::vector<double> found;
    for (std::size_t k = 0; k < static_cast<std::size_t>(std::max<std::int64_t>(steps, 0)); ++k) {
      grad(p, k);
      found.push_back(p.loss());
      p.update(k);
    }
    p.reset();
    return found;
  }

  json counters() override {
    Program& p = ready();
    p.reset();
    grad(p, 0);  // memory that is kept between steps is there now
    std::size_t stack = 0;
    json found = p.counters([&] { stack = stack_bytes_of([&] { grad(p, 0); }); });
    if (stack) found["peak_stack_bytes"] = stack;
    found["flops"] = product_flops(workload_, inputs_.batch(0).rows);
    found["calls"] = 0;  // from Python to C++
    return found;
  }

  json probe(const json& question) const override {
    if constexpr (requires { Program::probe(question); }) return Program::probe(question);
    else throw ProtocolError("NotImplementedError: this engine answers no probes");
  }

 private:
  // Nanoseconds. A function that is not inlined: at its two calls CppAD's recording would no longer be inlined into it.
  [[gnu::noinline]] std::int64_t repeats(Program& p, const std::string& phase, std::int64_t n) {
    if (phase == "forward") return timed(n, [&](std::size_t) { p.forward(0); });
    if (phase == "grad") return timed(n, [&](std::size_t) { grad(p, 0); });
    if (phase == "step") {
      const std::size_t span = inputs_.span();
      return timed(n, [&, at = std::size_t{0}](std::size_t) mutable {
        grad(p, at);
        p.update(at);
        at = at + 1 == span ? 0 : at + 1;
      });
    }
    if (phase == "update") {
      grad(p, 0);
      return timed(n, [&](std::size_t) { p.update(0); });
    }
    if (phase == "backward") {
      std::int64_t total = 0;
      for (std::int64_t k = 0; k < n; ++k) {
        p.clear();
        p.forward(0);
        total += timed(1, [&](std::size_t) { p.backward(); });
      }
      return total;
    }
    throw ProtocolError("ProtocolError: unknown phase '" + phase + "'; known are forward, backward, update, grad, step");
  }
  static void grad(Program& p, std::size_t k) {
    p.clear();
    p.forward(k);
    p.backward();
  }
  static std::int64_t timed(std::int64_t n, auto&& repeat) {
    const std::int64_t start = now_ns();
    for (std::int64_t k = 0; k < n; ++k) repeat(static_cast<std::size_t>(k));
    return now_ns() - start;
  }
  Program& ready() {
    if (!program_) throw ProtocolError("ProtocolError: nothing is set up");
    return *program_;
  }

  Workload workload_;
  Inputs inputs_;
  std::unique_ptr<Program> program_;
};

}  // namespace native
