// The tape: every operation appends one node, and the reverse sweep walks the nodes backwards. A node's parents are
// always older than the node, so creation order is a topological order: no sort, no recursion, no visited set.
//
// Ids count from 2; id 0 is a constant. Leaves made before the first operation have no node at all; later ones have an
// empty node and are listed, because their adjoints must survive what clears the adjoints of operations.
//
// Read before: sweep.hpp, buffer.hpp. Read next: value.hpp; collect.hpp (used by Python) removes nodes that nobody can reach.
#pragma once

#include <trigrad/errors.hpp>
#include <trigrad/mutants.hpp>
#include <trigrad/scalar/buffer.hpp>
#include <trigrad/scalar/sweep.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace trigrad {

class Tape {
 public:
  static constexpr NodeId kFirstId = 2;  // so that `a + 1 == id` never holds for "nothing"

  // A position to return to: rewind(mark()) forgets what was made in between and keeps the memory.
  struct Mark {
    std::size_t size, leaves, late, terms;
  };

  constexpr Tape() = default;
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  // A tape gets its owner code when it is opened and keeps its memory until it is released: see OwnedTape, current_tape.
  void open() {
    node_.resize(kBlock);
    owner_code_ = next_owner_code();
  }
  bool is_open() const { return owner_code_ != kNobody; }
  void release() {
    node_.release(), late_.release(), term_.release(), adjoint_.release();
    size_ = first_ = kFirstId;
    lates_ = terms_ = adjoints_ = zeros_ = 0;
    owner_code_ = kNobody;
  }

  NodeId leaf() { return leaves(1); }

  // As many leaves, with neighbouring ids, the first of which is returned.
  NodeId leaves(std::size_t count) {
    if (count > kMostIds || size_ + count > node_.capacity()) [[unlikely]]
      grow(count);
    const std::size_t id = size_;
    size_ += count;
    if (id == first_) {
      first_ = size_;
    } else {
      if (lates_ + count > late_.capacity()) late_.resize(std::max<std::size_t>({64, 2 * lates_, lates_ + count}));
      for (std::size_t k = id; k < size_; ++k) {
        node_[k] = {0, 0, 0, kLeaf, 0.0, 0.0};
        late_[lates_++] = static_cast<NodeId>(k);
      }
    }
    return static_cast<NodeId>(id);
  }

  NodeId push(OpCode op, NodeId a, double da, NodeId b = 0, double db = 0, NodeId c = 0) { return push_at(size_, op, a, da, b, db, c); }

  // With the place known already (Value reads it early). Always inlined, like Value::apply: in a large program the
  // compiler would make them calls, which cost as much again. size_ is written behind the point where the slow path joins
  // the fast one: so its value is in a register on both, and a loop that records does not read it back from memory.
  [[gnu::always_inline]] NodeId push_at(std::size_t id, OpCode op, NodeId a, double da, NodeId b = 0, double db = 0, NodeId c = 0) {
    if (id % kBlock == 0) [[unlikely]]
      begin_block(id);
    write_node(&node_[id], a, b, c, op, da, db);
    ask_for(adjoint_.data(), static_cast<std::ptrdiff_t>(id + kBlock));
    size_ = id + 1;
    return static_cast<NodeId>(id);
  }

  // x + y: two ones would be stored for nobody.
  [[gnu::always_inline]] NodeId push_add_at(std::size_t id, NodeId x, NodeId y) {
    if (id % kBlock == 0) [[unlikely]]
      begin_block(id);
    write_parents(&node_[id], y, 0, x, op_code<Add>);
    size_ = id + 1;
    return static_cast<NodeId>(id);
  }
  NodeId push_add(NodeId x, NodeId y) { return push_add_at(size_, x, y); }

  // A node with any number of parents: reserve room for the terms, write them, then push.
  Term* reserve_terms(std::size_t count) {
    if (terms_ + count > term_.capacity()) [[unlikely]]
      grow_terms(count);
    return term_.data() + terms_;
  }
  NodeId push_sum(std::size_t count) {
    const auto first = static_cast<NodeId>(terms_);
    terms_ += count;
    return push(kSum, first, 0, static_cast<NodeId>(count));
  }

  Mark mark() const { return {size_, first_, lates_, terms_}; }
  void rewind(const Mark& mark) {
    size_ = mutant("tape.rewind_forgets_nothing") ? size_ : mark.size;
    first_ = std::min(first_, mark.leaves);
    lates_ = mark.late;
    terms_ = mark.terms;
    if (!mutant("tape.rewind_keeps_adjoints")) forget_adjoints(size_);
  }

  // Gradients of leaves accumulate; those of operations belong to the latest backward.
  void backward(NodeId root) {
    clear_operations();
    if (mutant("tape.seed_overwrites")) adjoint_[root] = 0;
    adjoint_[root] += 1.0;
    sweep(root);
  }

  // The parts of backward, for callers with several roots: clear, add to adjoint(root) each, sweep from the largest.
  void clear_operations() {
    if (mutant("tape.operations_not_cleared")) return reserve_adjoints();
    std::size_t from = mutant("tape.leaves_cleared") ? 0 : std::min(first_, adjoints_);
    for (const NodeId leaf : std::span(late_.data(), lates_)) {
      if (leaf >= adjoints_) break;
      std::fill(adjoint_.data() + from, adjoint_.data() + leaf, 0.0);
      if (!mutant("tape.late_leaves_cleared")) from = leaf + 1;
    }
    forget_adjoints(from);
    reserve_adjoints();
  }

  // Only nodes that `visits(id)` says yes to, down to `last`; what is visited must include the operations that visited
  // nodes came from.
  template <class Visits = decltype([](std::size_t) { return true; })>
  void sweep(NodeId root, std::size_t last = 0, Visits&& visits = {}) {
    const std::size_t first = std::max(first_, last) + (mutant("tape.stops_one_early") ? 1 : 0);
    sweep_nodes(node_.data(), term_.data(), adjoint_.data(), first, root, visits);
  }

  // Makes every adjoint writable through set_adjoint and sweep, without clearing any.
  void reserve_adjoints() {
    if (adjoint_.capacity() < size_) adjoint_.resize(std::max(size_, node_.capacity()));
    zero_adjoints(size_);
    adjoints_ = size_;
  }

  // 0 for what no backward has reached yet.
  double adjoint(NodeId id) const { return id < adjoints_ ? adjoint_[id] : 0.0; }
  std::span<const double> adjoints(NodeId first, std::size_t count) {  // of neighbours; valid until something is recorded
    if (first > size_ || count > size_ - first)
      throw IndexError("adjoints: the tape has " + std::to_string(size_) + " ids, not " + std::to_string(first) + " and " +
                       std::to_string(count) + " more");
    if (first + count > adjoints_) reserve_adjoints();
    return {adjoint_.data() + first, count};
  }
  void set_adjoint(NodeId id, double value) {
    if (id >= adjoints_) reserve_adjoints();
    adjoint_[id] = value;
  }

  std::size_t size() const {
#if defined(__GNUC__)
    if (size_ > kMostIds) __builtin_unreachable();  // says that the upper half is 0: it need not be cleared at every use
#endif
    return size_;
  }
  std::size_t first_operation() const { return first_; }

  // Marks what was recorded here. Every code has sixteen bits set, so the codes of several operands, combined with OR,
  // equal this one exactly if each is this one or 0 (a constant): one comparison checks them all.
  std::uint32_t owner_code() const { return owner_code_; }
  bool is_leaf(NodeId id) const { return id < first_ || node_[id].op == kLeaf; }
  Node node(NodeId id) const { return id < first_ ? Node{0, 0, 0, kLeaf, 0, 0} : complete(node_[id]); }
  std::span<const Term> terms(const Node& sum) const { return {term_.data() + sum.a, sum.b}; }

  // Calls visit(parent) for every parent but constants, in the order of the operands.
  void for_each_parent(NodeId id, auto&& visit) const {
    const Node n = node(id);
    if (n.op == kSum) {
      for (const Term& t : terms(n))
        if (t.id) visit(t.id);
    } else {
      for (const NodeId parent : {n.c, n.a, n.b})
        if (parent) visit(parent);
    }
  }

  // Gives memory back when far less than what is held is needed.
  void shrink(std::size_t wanted) {
    if (node_.capacity() > 4 * wanted && wanted >= size_) node_.resize(whole_blocks(wanted));
    if (adjoint_.capacity() > 4 * wanted && wanted >= adjoints_) {
      adjoint_.resize(wanted);
      zeros_ = std::min(zeros_, wanted);
    }
    if (term_.capacity() > 4 * (terms_ + wanted)) term_.resize(terms_ + wanted);
  }

  // Cuts a node off from its parents: they need not be kept for it any more.
  void free_node(NodeId id) { node_[id] = {0, 0, 0, kFreed, 0, 0}; }

  friend std::vector<NodeId> collect(Tape& tape, std::vector<std::uint8_t>& live);

 private:
  Mark mark_at(std::size_t size) const {  // what mark() gave when the tape had so many ids
    const NodeId* const late = std::lower_bound(late_.data(), late_.data() + lates_, size);
    std::size_t id = terms_ > 0 && !mutant("collect.overwrites_sums") ? size : 0;
    while (id > first_ && node_[id - 1].op != kSum) --id;
    const std::size_t terms = id > first_ ? std::size_t{node_[id - 1].a} + node_[id - 1].b : 0;
    return {size, std::min(first_, size), static_cast<std::size_t>(late - late_.data()), terms};
  }

  static inline std::atomic<std::uint32_t> made_ = 0;
  static std::uint32_t next_owner_code() {
    const std::uint32_t number = ++made_;
    return (number << 16) | (~number & 0xffffu);
  }

  static Node complete(Node n) {  // with what push_add left out
    if (n.op == op_code<Add>) n.da = 1, n.db = 0;
    return n;
  }

  // Nodes get room by the block, and whether it is there is asked where a block begins: the capacity would be read from
  // memory for every node (a twentieth of recording), while the number of the node is at hand.
  static constexpr std::size_t kBlock = 1024;
  static constexpr std::size_t kMostIds = std::numeric_limits<NodeId>::max() / kBlock * kBlock;
  static constexpr std::size_t whole_blocks(std::size_t nodes) { return (nodes + kBlock - 1) / kBlock * kBlock; }
  [[gnu::noinline, gnu::cold]] void begin_block(std::size_t id) {
    if (id >= node_.capacity()) grow(1);
    if (id + kBlock <= adjoint_.capacity()) zero_adjoints(id + kBlock);
  }

  // Backward begins with zeros. On a tape that has been swept they are written block by block as it is recorded anew, when
  // their place has come near (see push_at): all at once, in front of the sweep, they would come from afar.
  void zero_adjoints(std::size_t to) {
    const std::size_t from = std::max(adjoints_, zeros_);
    if (from >= to) return;
    std::fill(adjoint_.data() + from, adjoint_.data() + to, 0.0);
    zeros_ = to;
  }
  void forget_adjoints(std::size_t from) {
    if (from >= adjoints_) return;
    adjoints_ = from;
    if (!mutant("tape.forgotten_are_zeros")) zeros_ = 0;
  }

  [[gnu::noinline, gnu::cold]] void grow(std::size_t count) {
    if (count > kMostIds - size_)
      throw GraphError("tape: " + std::to_string(size_) + " ids are taken and " + std::to_string(count) +
                       " more are wanted, but an id has 32 bits; rewind or free some");
    node_.resize(std::min(kMostIds, whole_blocks(std::max(2 * node_.capacity(), size_ + count))));
  }
  [[gnu::noinline, gnu::cold]] void grow_terms(std::size_t count) {
    if (terms_ + count >= kMostIds) throw GraphError("tape: 4294967295 terms of sums are recorded; rewind or free some");
    term_.resize(std::max(terms_ + count, 2 * term_.capacity()));
  }

  static constexpr std::uint32_t kNobody = 1;  // no operands' codes, combined, are this

  std::uint32_t owner_code_ = kNobody;
  RawBuffer<Node> node_;
  std::size_t size_ = kFirstId;   // ids below size_ are taken
  std::size_t first_ = kFirstId;  // ids below first_ are leaves without a node
  RawBuffer<NodeId> late_;        // the other leaves, ascending
  std::size_t lates_ = 0;
  RawBuffer<Term> term_;
  std::size_t terms_ = 0;
  RawBuffer<double> adjoint_;
  std::size_t adjoints_ = 0;      // how many there are; may be fewer than nodes: the rest is 0
  std::size_t zeros_ = 0;         // where that is more, those from adjoints_ up to here are in memory already
};

// A tape that frees its memory at its end.
class OwnedTape : public Tape {
 public:
  OwnedTape() { open(); }
  ~OwnedTape() { release(); }
};

// The tape of this thread lies at an address that the compiler knows, so that a loop of operations keeps what it needs of
// it in registers (a tenth to a fifth faster than through a pointer). That takes a type without a destructor: for one
// with, C++ asks at every use whether the thread has made its variable yet. Hence Tape has none, and `Ending` frees it.
namespace detail {
inline constinit thread_local Tape current_tape;
struct Ending {
  ~Ending() { current_tape.release(); }
};
[[gnu::noinline, gnu::cold]] inline void open_tape() {
  static thread_local const Ending ending;
  current_tape.open();
}
}  // namespace detail

inline Tape& tape() {
  if (!detail::current_tape.is_open()) [[unlikely]]
    detail::open_tape();
  return detail::current_tape;
}

}  // namespace trigrad
