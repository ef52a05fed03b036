// A thread's tape as Python sees it: beside each node its value, and the one Python object that stands for it.
//
// Python programs never say mark() or rewind(). So when the tape has doubled since it was last looked at, or a graph that
// was much of it is dead, the nodes that no live object can reach are removed (scalar/collect.hpp), and a long loop runs
// in constant memory. That moves nodes: an id is good until the next `make_room`, which every operation calls once, first,
// before it reads ids.
//
// Who may do what: everything here runs under the GIL, so a tape is never touched by two threads at once, and objects
// may die on any thread. Recording and backward on another thread's tape raise ThreadError all the same: two threads
// that interleave their operations on one tape would get each other's gradients.
//
// 32 (node) + 8 (adjoint) + 8 (value) + 8 (object) = 56 bytes a node; a constant adds 4 (Tape's list of late leaves).
#pragma once

#include <Python.h>

#include <trigrad/scalar/collect.hpp>
#include <trigrad/scalar/value.hpp>
#include <trigrad/thread_variable.hpp>

#include <atomic>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace trigrad::python {

struct Graph;

struct ValueObject {
  PyObject_HEAD Graph* graph;
  PyObject* dict;      // label and whatever a user sets; made when first needed
  PyObject* weakrefs;
  NodeId id;
};

// The nodes of a Tensor's elements: a run of ids, known to the collector. Every operation on tensors makes new nodes for
// its result, in one go, so what was computed from any of them is younger than all of them.
class IdRange {
 public:
  IdRange(Graph& graph, NodeId first, std::size_t count);
  IdRange(const IdRange&) = delete;
  IdRange& operator=(const IdRange&) = delete;
  ~IdRange();

  Graph& graph() const { return graph_; }
  NodeId first() const { return first_; }
  NodeId id(std::size_t k) const { return static_cast<NodeId>(first_ + k); }
  std::size_t count() const { return count_; }
  NodeId end() const { return id(count_); }
  IdRange* next() const { return next_; }

  bool wants_grad = false;  // a leaf, or retain_grad(): backward reports its gradient
  bool has_hooks = false;

 private:
  friend struct Graph;
  Graph& graph_;
  NodeId first_;
  std::size_t count_;
  IdRange *previous_ = nullptr, *next_ = nullptr;
};

struct Graph {
  OwnedTape tape;
  Buffer<double> value;
  Buffer<ValueObject*> object;                     // null: no Python object now
  std::unordered_map<NodeId, PyObject*> keepsakes;  // dicts of objects that died while their node lives on
  std::size_t room = 0;                            // for how many nodes
  std::size_t limit = 0;                           // the size at which make_room has to work: room, or 0 to do so at once
  NodeId swept_root = 0;                           // of the last backward
  std::size_t swept_nodes = 0;                     // how many operations it reached
  std::size_t passed_over = 0;                     // what backward met and did not reach, since the last collection
  std::size_t holders = 0;                         // ValueObjects and IdRanges that point here
  IdRange* ranges = nullptr;
  std::vector<std::pair<PyObject*, IdRange*>> hooked;  // ranges with hooks, kept although their tensor may be gone
  std::atomic<bool> orphaned = false;              // its thread has ended
  int sweeping = 0;                                // > 0: a backward is under way, and nodes must stay where they are

  // Every operation's first step: after it, `count` nodes can be made without moving anything.
  void make_room(std::size_t count) {
    if (tape.size() + count > limit) [[unlikely]]
      make_room_slowly(count);
  }

  NodeId leaf(double data) { return keep(tape.leaf(), data); }
  NodeId keep(NodeId id, double data) {
    value[id] = data;
    object[id] = nullptr;
    return id;
  }

  // Two occasions to collect before the tape is full. These nodes have no object any more: if the last backward began there,
  // what it reached is dead, too, or soon will be, and at no time is less to be kept. And a backward that has to pass over
  // many nodes which it does not reach.
  void let_go(NodeId first, std::size_t count) {
    if (swept_root - first < count) [[unlikely]]
      let_root_go();
  }
  void note_sweep(NodeId root, std::size_t operations, std::size_t passed);

  void collect_garbage();
  void fit(std::size_t wanted = 0);  // room for as many nodes, and for twice what there is

  // Takes out of `hooked` what is `done`: its nodes are dead, or will not be swept again. The caller drops the references
  // when it has finished with the tape, because that may run Python code.
  std::vector<PyObject*> take_hooked(auto&& done) {
    std::vector<PyObject*> taken;
    std::erase_if(hooked, [&](const auto& held) {
      if (!done(*held.second)) return false;
      taken.push_back(held.first);
      return true;
    });
    return taken;
  }

 private:
  void let_root_go();
  void mark_live(std::vector<std::uint8_t>& live);
  void make_room_slowly(std::size_t count);
};

// One backward. Only what the roots were computed from is touched: other graphs on the same tape keep their gradients.
// Raises text 10 if it meets operations that `free` has cut from their operands.
class Backward {
 public:
  enum Leaves { Accumulate, StartFromZero };

  // Clears the adjoints of the operations, and of the leaves if these start from zero too.
  Backward(Graph& graph, std::span<const NodeId> roots, Leaves leaves);
  ~Backward() { --graph_.sweeping; }
  Backward(const Backward&) = delete;
  Backward& operator=(const Backward&) = delete;

  void add(NodeId id, double gradient);
  void sweep_to(NodeId last);  // visits what is left from the top down to `last`
  bool reached(NodeId id) const { return id <= top_ && reached_[id]; }
  void free();

 private:
  template <class Visit>
  void each_operation(Visit&& visit);

  Graph& graph_;
  std::vector<std::uint8_t> reached_;
  std::size_t top_, next_, low_;  // the youngest root; where the sweep goes on; the oldest operation reached
};

// The calling thread's graph, made when it is first needed.
TRIGRAD_NEAR extern constinit thread_local Graph* current_graph;
Graph& open_graph();
inline Graph& graph_of_thread() { return current_graph ? *current_graph : open_graph(); }

// Raises text 18 unless `graph` is the calling thread's.
inline void check_thread(const Graph& graph, const char* caller) {
  if (&graph != current_graph) [[unlikely]]
    throw ThreadError(std::string(caller) +
                      ": this graph belongs to another thread, the one that recorded it; detach() shares values across threads");
}

// What drawings call a node: micrograd's "+", "ReLU", "**2"; the list's name for the rest; "" for a leaf.
std::string operation_name(const Node& node);
constexpr OpCode kCopy = 0x1012;
constexpr OpCode kPowInteger = 0x1010, kPowFloat = 0x1011;  // x ** number; the number is in `db`, where b = 0 ignores it

}  // namespace trigrad::python
