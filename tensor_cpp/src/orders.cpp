// Three orders, for one sweep (backward.cpp).
//
// An order lists the nodes that can be reached from the outputs so that every node comes after all nodes that it was
// computed from; the sweep goes through the list from its end.
//
//   recursive   micrograd's depth-first search; needs a stack frame per node on the longest path
//   stack       the same search with its stack in an array: same order, hence the same bits
//   tape        by creation number: a node is always younger than its inputs
//
// Leaves stand in none of the lists: nothing has to come after them, so they wait for the end of the sweep.
//
// Read before: cell.hpp, graph.hpp, orders.hpp.

#include "orders.hpp"

#include <algorithm>
#include <numeric>

namespace trigrad {

// A thread takes many numbers at once: a locked addition would wait until all that was computed so far is stored.
std::uint32_t next_run() {
  constexpr std::uint32_t kAtOnce = 1024;
  static std::atomic<std::uint32_t> next{0};
  std::uint32_t& run = thread_state.last_run;
  if ((run + 1) % kAtOnce == 0) run = next.fetch_add(kAtOnce, std::memory_order_relaxed);
  return ++run;
}

namespace {

// [order:recursive]
struct RecursiveSearch {
  NodeList& found;
  std::size_t deepest_address;  // below this, the stack is too short for another frame and what a rule may need

  void search(Cell* cell, std::size_t depth) {
    if (stack_position() < deepest_address)
      throw DepthError("backward: the recursive order reached depth " + std::to_string(depth) +
                       ", as deep as this thread's stack allows; use order='stack' or order='tape'");
    for (Cell* input : cell->input_cells())
      if (found.visit(input)) search(input, depth + 1);
    found.operations.push_back(cell);
  }
};

void recursive_order(Cell* root, NodeList& found) {
  constexpr std::size_t kReserve = 64 * 1024;
  const std::size_t left = stack_left();
  const std::uintptr_t now = stack_position();
  RecursiveSearch{found, left > kReserve ? now - left + kReserve : now}.search(root, 1);
}
// [/order:recursive]

// [order:stack]
struct Frame {
  Cell* cell;
  std::size_t next_input;
};

void stack_order(Cell* root, NodeList& found) {
  Reused<Frame> frames;
  frames.push_back({root, 0});
  while (!frames.empty()) {
    Frame& top = frames.back();
    const auto inputs = top.cell->input_cells();
    if (top.next_input == inputs.size()) {
      found.operations.push_back(top.cell);
      frames.pop_back();
    } else if (Cell* input = inputs[top.next_input++]; found.visit(input)) {
      frames.push_back({input, 0});
    }
  }
}
// [/order:stack]

// [order:tape]
// By creation number: linear in the nodes that are reached, whatever else is alive. Most graphs are in order as they are
// found; of the others, small ones are sorted by insertion, large ones by radix.
void sort_by_creation(std::span<Cell*> operations) {
  const auto by_creation = [](const Cell* a, const Cell* b) { return a->created < b->created; };
  if (std::ranges::is_sorted(operations, by_creation)) return;
  if (operations.size() < 64) {  // a few are inserted one by one before the digits' counters are even cleared
    for (auto next = operations.begin(); next != operations.end(); ++next)
      std::rotate(std::upper_bound(operations.begin(), next, *next, by_creation), next, next + 1);
    return;
  }
  const auto [oldest, youngest] = std::ranges::minmax_element(operations, by_creation);
  const std::uint64_t first = (*oldest)->created, last = (*youngest)->created;
  Reused<Cell*, 2> other;
  other.resize(operations.size());
  std::span<Cell*> from = operations, to = other;
  constexpr unsigned kBits = 11, kMask = (1u << kBits) - 1;
  for (unsigned shift = 0; (last - first) >> shift != 0; shift += kBits) {
    if (mutant("tape.sorts_by_low_digit") && shift > 0) break;
    const auto digit = [&](const Cell* cell) { return (cell->created - first) >> shift & kMask; };
    std::array<std::size_t, kMask + 2> start{};
    for (const Cell* cell : from) ++start[digit(cell) + 1];
    std::partial_sum(start.begin(), start.end(), start.begin());
    for (Cell* cell : from) to[start[digit(cell)]++] = cell;
    std::swap(from, to);
  }
  if (from.data() != operations.data()) std::ranges::copy(from, to.begin());
}

void tape_order(Cell* root, NodeList& found) {
  auto& operations = found.operations;
  const std::size_t before = operations.size();
  operations.push_back(root);
  for (std::size_t next = before; next < operations.size(); ++next)
    for (Cell* input : operations[next]->input_cells())
      if (found.visit(input)) operations.push_back(input);
}
// [/order:tape]

}  // namespace

Order parse_order(std::string_view name) {
  if (name == "tape") return Order::Tape;
  if (name == "stack") return Order::Stack;
  if (name == "recursive") return Order::Recursive;
  throw ValueError("backward: order '" + std::string(name) + "' is not one of 'tape', 'stack', 'recursive'");
}

NodeList nodes_below(std::span<const Tensor> outputs, Order kind) {
  NodeList found;
  const bool breadth_first = kind == Order::Tape || (kind == Order::Stack && mutant("stack.breadth_first"));
  const auto search = breadth_first ? tape_order : kind == Order::Stack ? stack_order : recursive_order;
  for (const Tensor& output : outputs)
    if (found.visit(output.cell())) search(output.cell(), found);
  if (breadth_first) std::ranges::reverse(found.operations);
  if (kind == Order::Tape && !mutant("tape.not_sorted")) sort_by_creation(found.operations);
  return found;
}

}  // namespace trigrad
