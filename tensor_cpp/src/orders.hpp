// What a search of the graph finds, for backward.cpp.
#pragma once

#include <trigrad/tensor/internal.hpp>

#include <vector>

namespace trigrad {

// A vector whose memory this thread keeps for the next backward (up to a few megabytes), so that a training loop in
// steady state asks the system for nothing. A nested backward finds the drawer empty and starts its own. Lists that are in
// use at the same time have different drawers.
template <class T, int Drawer = 0>
class Reused : public std::vector<T> {
 public:
  Reused() { this->swap(drawer()); }
  ~Reused() {
    this->clear();
    std::vector<T>& kept = drawer();
    if (this->capacity() <= kKept && this->capacity() > kept.capacity()) this->swap(kept);
  }
  Reused(const Reused&) = delete;
  Reused& operator=(const Reused&) = delete;
  Reused(Reused&& other) noexcept : std::vector<T>(std::move(static_cast<std::vector<T>&>(other))) {}

 private:
  static constexpr std::size_t kKept = std::size_t{1} << 19;
  [[gnu::noinline]] static std::vector<T>& drawer() {
    thread_local std::vector<T> kept;
    return kept;
  }
};

// A number that no other search has, larger than all before it in this thread; 0 marks a cell nobody visited.
std::uint32_t next_run();

// What a search has found.
struct NodeList {
  std::uint32_t run = next_run();
  Reused<Cell*> operations;  // inputs before what was computed from them (post-order); the sweep goes backwards
  Reused<Cell*, 1> leaves;

  bool visit(Cell* cell) {  // whether the search goes on from this operation: it has not been there
    if (!cell || !cell->requires_grad || (cell->mark == run && !mutant("order.visits_twice"))) return false;
    cell->mark = run;
    if (!cell->is_leaf()) return true;
    leaves.push_back(cell);
    return false;
  }
};

// The operations that the outputs were computed from, in the order that is asked for.
NodeList nodes_below(std::span<const Tensor> outputs, Order kind);

}  // namespace trigrad
