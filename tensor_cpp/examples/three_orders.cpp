// Three ways to walk the same graph backwards, and where the first of them ends.
//
// A recursive search needs a frame of the C stack per node on the longest path. The same search with its stack in an
// array, or a walk by creation number, needs none: a graph may be as deep as memory allows. The searches are in
// tensor_cpp/src/orders.cpp, all three on one page.
#include <trigrad/tensor/graph.hpp>
#include <trigrad/tensor/ops.hpp>

#include <chrono>
#include <cstdio>

namespace {
using namespace trigrad;

struct NamedOrder {
  const char* name;
  Order order;
};
constexpr NamedOrder kOrders[] = {{"recursive", Order::Recursive}, {"stack", Order::Stack}, {"tape", Order::Tape}};

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

// y = sin(sin(...sin(x))), `depth` times
void walk_a_chain(long depth) {
  std::printf("\n%ld nodes in a row\n", depth);
  const Tensor x = tensor({0.5}, {}, DType::Float64).set_requires_grad();
  Tensor y = x;
  for (long k = 0; k < depth; ++k) y = sin(y);
  for (const auto& [name, order] : kOrders) {
    Tensor(x).set_grad({});
    const auto start = std::chrono::steady_clock::now();
    try {
      y.backward({.retain_graph = true, .order = order});
      std::printf("  %-9s  dy/dx = %.17g  in %.1f ms\n", name, x.grad().item(), milliseconds_since(start));
    } catch (const DepthError& error) {
      std::printf("  %-9s  DepthError: %s\n", name, error.what());
    }
  }
}

// y = y + y, 40 times: 41 nodes, but 2^40 paths from top to bottom. Each node is visited once, whatever the order.
void walk_a_ladder() {
  std::printf("\n40 times y = y + y\n");
  for (const auto& [name, order] : kOrders) {
    const Tensor x = tensor({1}, {}, DType::Float64).set_requires_grad();
    long visits = 0;
    Tensor y = x;
    for (int k = 0; k < 40; ++k) {
      y = y + y;
      y.register_hook([&](const Tensor&) {
        ++visits;
        return Tensor();
      });
    }
    y.backward({.order = order});
    std::printf("  %-9s  dy/dx = %.0f after %ld visits\n", name, x.grad().item(), visits);
  }
}
}  // namespace

int main() {
  walk_a_ladder();
  for (const long depth : {10L, 10'000L, 1'000'000L}) walk_a_chain(depth);
}
