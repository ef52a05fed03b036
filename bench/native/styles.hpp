// The same workload, written in the ways that a library's user might write a sum of products:
//
//   op    every operation a variable and a node of its own, ReLU too: micrograd's graph
//   mac   z = z + w * x; trigrad's operators record a node each, so there it is mul_add
//   own   what the library has for it: trigrad's dot, the others' z += w * x
//
// `trigrad_native_scalar op` serves one of them; `trigrad_native_scalar op cpu` by the CPU time of its thread.
// A style is a Library (scalar_model.hpp) over a Library: it says anew how sums are written, and keeps the rest.
// What it writes stands in the model's loops, as it would in a user's; left alone, the compiler makes some of it calls.
//
// Read before: scalar_program.hpp. Read next: scalar.cpp.
#pragma once

#include "runner.hpp"
#include "scalar_program.hpp"

namespace native {

template <class L>
struct OpByOp : L {
  using L::L;
  using T = typename L::Number;
  static constexpr const char* kName = ".op";

  [[gnu::always_inline]] static void mul_add(const auto& w, const auto& x, T& z) {
    const T product = w * x;
    z = z + product;
  }
  [[gnu::always_inline]] static void scale_add(T& z, const T& a, const T& b) {
    const T product = z * a;
    z = product + b;
  }
  static void relu(T& z) { L::relu_node(z); }
};

// z = z + w x, by the library's call for it where there is one.
template <class T>
void add_product(T& z, const auto& w, const auto& x) {
  if constexpr (requires { mul_add(w, x, z); }) z = mul_add(w, x, z);
  else z = z + w * x;
}

template <class L>
struct RunningSum : L {
  using L::L;
  static constexpr const char* kName = ".mac";

  [[gnu::always_inline]] static void mul_add(const auto& w, const auto& x, typename L::Number& z) { add_product(z, w, x); }
};

template <class Style>
struct Styled : Style {
  using Style::Style;
  using T = typename Style::Number;

  // A function, as a neuron is in a user's program: inlined into a whole model, its sum would live in memory.
  template <class X>
  [[gnu::noinline]] static void affine(std::span<const T> w, std::span<const X> x, const T& bias, T& z) {
    T sum = bias;
    for (std::size_t k = 0; k < w.size(); ++k) Style::mul_add(w[k], x[k], sum);
    z = sum;
  }
  static json info() {
    json found = Style::info();
    found["name"] = found["name"].template get<std::string>() + Style::kName;
    return found;
  }
};

// main of a library's program: serves the style that the command line names.
template <class L>
int serve_style(int count, char** words) {
  const std::string style = count > 1 ? words[1] : "own", clock = count > 2 ? words[2] : "wall";
  use_cpu_time = clock == "cpu";
  const auto serve_program = [](auto engine) { return serve(engine); };
  if (style == "own") return serve_program(Runner<ScalarProgram<L>>());
  if (style == "op") return serve_program(Runner<ScalarProgram<Styled<OpByOp<L>>>>());
  if (style == "mac") return serve_program(Runner<ScalarProgram<Styled<RunningSum<L>>>>());
  std::fprintf(stderr, "%s: unknown style '%s'; known are op, mac, own\n", words[0], style.c_str());
  return 2;
}

}  // namespace native
