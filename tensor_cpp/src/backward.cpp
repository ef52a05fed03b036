// Three orders, one sweep.
//
// An order lists the nodes that can be reached from the outputs so that every node comes after all nodes that were
// computed from it. The sweep walks the list: it takes the gradient gathered at a node, asks the op's rules for the
// gradients of its inputs and adds those to what the inputs have gathered so far.
//
//   recursive   micrograd's depth-first search; needs a stack frame per node on the longest path
//   stack       the same search with its stack in an array: same order, hence the same bits
//   tape        by falling creation number: a node is always younger than its inputs
//
// Leaves stand in none of the lists: nothing has to come after them, so they wait for the end of the sweep.
//
// Read before: cell.hpp, graph.hpp.

#include <trigrad/tensor/internal.hpp>
#include <trigrad/tensor/ops.hpp>

#include <algorithm>
#include <numeric>

namespace trigrad {
namespace {

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

// A number that no other search has, larger than all before it in this thread; 0 marks a cell nobody visited. A thread takes
// many at once: a locked addition would wait until all that was computed so far is stored.
std::uint32_t next_run() {
  constexpr std::uint32_t kAtOnce = 1024;
  static std::atomic<std::uint32_t> next{0};
  std::uint32_t& run = thread_state.last_run;
  if ((run + 1) % kAtOnce == 0) run = next.fetch_add(kAtOnce, std::memory_order_relaxed);
  return ++run;
}

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

[[noreturn]] TRIGRAD_COLD void refuse_changed(const Cell& node, const Cell& saved, std::uint32_t then) {
  throw GraphError("backward: a tensor of shape " + to_string(Dims(saved.sizes())) + " that " + std::string(node.op->info->name) +
                   " saved was changed in place: it had version " + std::to_string(then) + " and now has " +
                   std::to_string(saved.storage->version.get()) + "; clone it before the change");
}

// Everything that can be wrong is found here, before any gradient moves.
void check_operations(std::span<Cell* const> operations) {
  for (const Cell* cell : operations) {
    check_owner(*cell, "backward");
    if (cell->freed)
      throw GraphError(
          "backward: this graph was already freed by an earlier backward; pass retain_graph=True to the "
          "first one");
    const auto check_version = [cell](const Cell& saved, std::uint32_t then) {
      if (saved.storage->version.get() != then && !mutant("version.not_checked")) refuse_changed(*cell, saved, then);
    };
    for_each_saved(*cell, [&](std::size_t k) { check_version(*cell->input_cells()[k], cell->saved_version[k]); });
    if (cell->holds_itself && !mutant("version.of_output_not_checked")) check_version(*cell, cell->saved_version[kInlineInputs]);
  }
}

#ifdef TRIGRAD_MUTANTS
// The planted faults `node.OP.INPUT.FAULT` (mutants.hpp).
void spoil(const Cell& cell, const Tensor& g, std::span<Tensor> gradients) {
  for (std::size_t k = 0; k < gradients.size(); ++k)
    if (gradients[k].defined() && mutant_of("node", cell.op->info->name, static_cast<int>(k)))
      gradients[k] =
          active_mutant().fault == "missing" ? Tensor() : spoiled(gradients[k], gradients[k].shape() == g.shape() ? g : gradients[k]);
}
#else
void spoil(const Cell&, const Tensor&, std::span<Tensor>) {}
#endif

// [sweep]
class Sweep {
 public:
  Sweep(std::span<const Tensor> outputs, const BackwardOptions& options, bool into_leaves)
      : found_(nodes_below(outputs, options.order)), options_(options), into_leaves_(into_leaves), unvisited_(found_.operations.size()) {
    check_operations(found_.operations);
    for (const Sweep* outer = innermost_; outer; outer = outer->outer_)  // that one has let go of values we would need
      for (const Cell* cell : outer->found_.operations)
        if (cell->mark == found_.run) throw GraphError("backward: a hook called backward on the graph that is being swept");
    outer_ = std::exchange(innermost_, this);
    outer_run_ = std::exchange(thread_state.sweep, found_.run);
    if (mutant("graph.never_freed")) retain_ = true;
    // A hook may have called us in the middle of another sweep: what that one has gathered at shared leaves waits here.
    for (Cell* leaf : found_.leaves)
      if (leaf->slot) waiting_.emplace_back(leaf, std::exchange(leaf->slot, nullptr));
  }

  ~Sweep() {  // also on the way out of an exception: no half-gathered gradient stays behind
    thread_state.sweep = outer_run_;
    innermost_ = outer_;
    const std::span<Cell*> operations = found_.operations;
    for (Cell* cell : operations.first(unvisited_)) drop_gathered(*cell);
    for (Cell* leaf : found_.leaves) drop_gathered(*leaf);
    for (auto& [cell, slot] : waiting_) cell->slot = slot;
    if (retain_) return;
    // Inputs first: a node is touched no more once what was computed from it lets go.
    for (Cell* cell : operations.subspan(unvisited_)) free_graph(cell);
  }
  Sweep(const Sweep&) = delete;
  Sweep& operator=(const Sweep&) = delete;

  // Marks the cells on the way to one of `inputs` with a number of their own; the others get no gradient work.
  void restrict_to(std::span<const Tensor> inputs) {
    thread_state.sweep = next_run();
    for (const Tensor& input : inputs) {
      targets_.push_back(input.cell());
      input.cell()->mark = thread_state.sweep;
    }
    for (Cell* cell : found_.operations)
      for (const Cell* input : cell->input_cells())
        if (input && input->mark == thread_state.sweep) cell->mark = thread_state.sweep;
    captured.resize(inputs.size());
  }

  void seed(const Tensor& output, Tensor gradient) { add(output.cell(), std::move(gradient)); }

  void run() {
    while (unvisited_ > 0) {
      Cell* cell = found_.operations[--unvisited_];
      Tensor g(std::exchange(cell->slot, nullptr));
      if (g.defined() && cell->mark >= thread_state.sweep) {
        deliver(*cell, g);
        if (cell->op->hands_on) hand_on(*cell, g);
        else pass_on(*cell, g);
      }
      if (!retain_) release_saved(cell);  // memory falls while the sweep goes on
    }
    for (Cell* leaf : found_.leaves) {
      Tensor g(std::exchange(leaf->slot, nullptr));
      if (!g.defined() || leaf->mark < thread_state.sweep) continue;
      deliver(*leaf, g);
      if (into_leaves_ || mutant("grad.fills_leaves")) leaf->slot = g.detach_ownership();
    }
    // Nothing can fail any more: until here nobody's .grad has changed.
    for (auto& [cell, g] : finished_) accumulate_grad(*cell, std::move(g));
    for (Cell* leaf : found_.leaves)
      if (Tensor g(std::exchange(leaf->slot, nullptr)); g.defined()) accumulate_grad(*leaf, std::move(g));
  }

  std::vector<Tensor> captured;  // under restrict_to: the gradient of each input

 private:
  // Shows the complete gradient to hooks, which may replace it.
  TRIGRAD_COLD static void call_hooks(const Extra& extra, Tensor& g) {
    const auto hooks = extra.hooks;  // a hook may remove itself
    for (const auto& [number, hook] : hooks) {
      Tensor replaced = hook(g);
      if (mutant("hook.called_twice")) hook(g);
      if (!replaced.defined() || mutant("hook.result_ignored")) continue;
      if (!same_sizes(replaced, g))
        throw ShapeError("hook: it returned shape " + to_string(replaced.shape()) + " for a gradient of shape " + to_string(g.shape()));
      if (replaced.cell()->weak) replaced = to_dtype(replaced, g.dtype());  // a plain number
      if (replaced.dtype() != g.dtype())
        throw DTypeError("hook: it returned dtype " + std::string(name_of(replaced.dtype())) + " for a gradient of dtype " +
                         std::string(name_of(g.dtype())));
      g = std::move(replaced);
    }
  }

  // Keeps the complete gradient where somebody asked for it.
  void deliver(Cell& cell, Tensor& g) {
    if (cell.extra) call_hooks(*cell.extra, g);
    for (std::size_t k = 0; k < targets_.size(); ++k)
      if (targets_[k] == &cell) captured[k] = g;
    const bool kept = into_leaves_ && cell.retain_grad && !cell.is_leaf() && !mutant("retain_grad.of_none");
    if (kept || mutant("retain_grad.of_all")) finished_.emplace_back(&cell, g);
  }

  static void drop_gathered(Cell& cell) {
    if (Cell* slot = std::exchange(cell.slot, nullptr)) release(slot, kRef | kHold);
  }

  void accumulate_grad(Cell& cell, Tensor g) {
    if (!cell.grad()) {
      Tensor kept = is_ours_alone(g) || mutant("leaf.aliases_gradient") ? std::move(g) : clone(g);
      cell.place_for_grad() = kept.detach_ownership();
      return;
    }
    const Tensor old = Tensor::alias(cell.grad());
    Tensor sum;
    if (mutant("leaf.overwrites")) sum = clone(g);
    else if (options_.create_graph) sum = old + g;
    else sum = add_in_place(old, g) ? old : Tensor(old).add_(g);
    if (!sum.is_same(old)) {
      Tensor dropped(std::exchange(cell.place_for_grad(), sum.detach_ownership()));
    }
  }

  // The gradient of every input is g itself.
  void hand_on(const Cell& cell, const Tensor& g) {
    const auto inputs = cell.input_cells();
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      if (!wants_gradient(cell, k, inputs[k])) continue;
      if (anomaly_) check_gradient(cell, k, g);
      if (!add_to_gathered(*inputs[k], g)) add(inputs[k], g);
    }
  }

  void pass_on(Cell& cell, const Tensor& g) {
    if (cell.input_count > kInlineInputs) return pass_on_to_many(cell, g);
    Tensor few[kInlineInputs];
    pass_on(cell, g, few);
  }
  TRIGRAD_COLD void pass_on_to_many(Cell& cell, const Tensor& g) {  // cat and Python functions only
    std::vector<Tensor> gradients(cell.input_count);
    pass_on(cell, g, gradients.data());
  }
  void pass_on(Cell& cell, const Tensor& g, Tensor* gradients) {
    const std::span<Cell*> inputs = cell.input_cells();
    if (cell.op->vjp == nullptr) throw GraphError("backward: " + std::string(cell.op->info->name) + " has no rule");
    cell.op->vjp(cell, g, gradients);
    spoil(cell, g, std::span(gradients, inputs.size()));
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      if (!gradients[k].defined() || !wants_gradient(cell, k, inputs[k])) continue;
      if (anomaly_) check_gradient(cell, k, gradients[k]);
      add(inputs[k], std::move(gradients[k]));
    }
  }
  TRIGRAD_COLD static void check_gradient(const Cell& cell, std::size_t k, const Tensor& gradient) {
    if (has_nan(gradient))
      throw AnomalyError("detect_anomaly: " + std::string(cell.op->info->name) + " gave NaN in the gradient of its input " +
                         std::to_string(k) + "; it was called at " + (cell.extra ? cell.extra->call_site : call_site()));
  }

  // In place, where something is gathered that nobody else can see, and g lies as it does.
  bool add_to_gathered(const Cell& input, const Tensor& g) const {
    if (!input.slot || options_.create_graph || mutant("sweep.subtracts") || mutant("sweep.overwrites")) return false;
    const Borrowed gathered(input.slot);
    return is_ours_alone(*gathered) && add_in_place(*gathered, g);
  }

  // Un-broadcasting and un-promotion happen here, once, for every rule.
  void add(Cell* input, Tensor g) {
    if (!same_sizes(*g.cell(), *input) && !mutant("sweep.does_not_unbroadcast")) g = sum_to(g, Dims(input->sizes()));
    if (g.dtype() != input->dtype && !mutant("sweep.keeps_dtype")) g = to_dtype(g, input->dtype);
    if (add_to_gathered(*input, g)) return;
    if (input->slot) {
      const Tensor gathered(std::exchange(input->slot, nullptr));
      if (mutant("sweep.subtracts")) g = gathered - g;
      else if (!mutant("sweep.overwrites")) g = gathered + g;
    }
    input->slot = g.detach_ownership();
  }

  NodeList found_;
  BackwardOptions options_;
  bool into_leaves_;
  bool anomaly_ = detect_anomaly();
  bool retain_ = options_.retain_graph.value_or(options_.create_graph);
  std::uint32_t outer_run_ = 0;  // of the sweep that called us, if any
  std::size_t unvisited_;        // the operations from here on have been visited
  static inline thread_local const Sweep* innermost_ = nullptr;
  const Sweep* outer_ = nullptr;
  std::vector<Cell*> targets_;
  std::vector<std::pair<Cell*, Cell*>> waiting_;
  std::vector<std::pair<Cell*, Tensor>> finished_;  // gradients of operations, under retain_grad
};
// [/sweep]

Tensor checked_seed(std::string_view name, const Tensor& output, const Tensor& gradient) {
  if (!output.requires_grad())
    throw GraphError(std::string(name) + ": the output does not require grad: nothing it was computed from has requires_grad=True");
  if (!gradient.defined()) {
    if (output.numel() != 1 && !mutant("backward.any_shape"))
      throw GraphError(std::string(name) + ": the output has shape " + to_string(output.shape()) +
                       ", not one element; pass gradient= of "
                       "that shape, or reduce it first (for example with .sum())");
    return ones_of(output);
  }
  if (!same_sizes(gradient, output))
    throw ShapeError(std::string(name) + ": gradient has shape " + to_string(gradient.shape()) + " but the output has shape " +
                     to_string(output.shape()));
  return gradient;
}

}  // namespace

Order parse_order(std::string_view name) {
  if (name == "tape") return Order::Tape;
  if (name == "stack") return Order::Stack;
  if (name == "recursive") return Order::Recursive;
  throw ValueError("backward: order '" + std::string(name) + "' is not one of 'tape', 'stack', 'recursive'");
}

void Tensor::backward(const Tensor& gradient, const BackwardOptions& options) const {
  if (capture::recording()) {
    capture::grad_changes(nullptr);
    return capture::call(std::array<const Tensor*, 2>{this, &gradient}, {},
                         [options](capture::Inputs in, Tensor*) { in[0]->backward(*in[1], options); });
  }
  const Tensor root = *this;  // a hook may drop the caller's handle
  Tensor seed = checked_seed("backward", root, gradient);
  const GradMode mode(options.create_graph && !mutant("create_graph.detached"));
  Sweep sweep({&root, 1}, options, /*into_leaves=*/true);
  sweep.seed(root, std::move(seed));
  sweep.run();
}

namespace {
std::vector<Tensor> noted_gradients(std::span<const Tensor> outputs, std::span<const Tensor> inputs, std::span<const Tensor> grad_outputs,
                                    const BackwardOptions& options, bool allow_unused) {
  std::vector<const Tensor*> all;
  for (const auto list : {outputs, inputs, grad_outputs})
    for (const Tensor& x : list) all.push_back(&x);
  std::vector<Tensor> found(inputs.size());
  const std::size_t m = outputs.size(), n = inputs.size();
  capture::call(all, found, [=](capture::Inputs in, Tensor* out) {
    std::vector<Tensor> now;
    for (const Tensor* x : in) now.push_back(*x);
    const std::span<const Tensor> given = now;
    std::ranges::move(gradients(given.first(m), given.subspan(m, n), given.subspan(m + n), options, allow_unused), out);
  });
  return found;
}
}  // namespace

std::vector<Tensor> gradients(std::span<const Tensor> outputs, std::span<const Tensor> inputs, std::span<const Tensor> grad_outputs,
                              const BackwardOptions& options, bool allow_unused) {
  if (capture::recording()) return noted_gradients(outputs, inputs, grad_outputs, options, allow_unused);
  const std::vector<Tensor> roots(outputs.begin(), outputs.end());  // a hook may drop the caller's handles
  std::vector<Tensor> seeds;
  for (std::size_t k = 0; k < outputs.size(); ++k)
    seeds.push_back(checked_seed("autograd.grad", outputs[k], k < grad_outputs.size() ? grad_outputs[k] : Tensor()));
  for (std::size_t k = 0; k < inputs.size(); ++k)
    if (!inputs[k].requires_grad()) throw GraphError("autograd.grad: input " + std::to_string(k) + " does not require grad");
  const GradMode mode(options.create_graph && !mutant("create_graph.detached"));
  Sweep sweep(roots, options, /*into_leaves=*/false);
  sweep.restrict_to(inputs);
  for (std::size_t k = 0; k < outputs.size(); ++k) sweep.seed(roots[k], seeds[k]);
  sweep.run();
  for (std::size_t k = 0; k < inputs.size(); ++k)
    if (!sweep.captured[k].defined() && !allow_unused)
      throw GraphError("autograd.grad: input " + std::to_string(k) +
                       " was not used to compute the outputs; pass allow_unused=True to get None for it");
  return std::move(sweep.captured);
}

}  // namespace trigrad
