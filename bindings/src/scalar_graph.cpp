#include "scalar_graph.hpp"

#include <algorithm>
#include <array>
#include <memory>

namespace trigrad::python {

TRIGRAD_NEAR constinit thread_local Graph* current_graph = nullptr;

namespace {

// Below this size collecting costs more than it saves.
constexpr std::size_t kSmallTape = 4096;

// When its thread ends, a graph cannot be freed if objects on other threads still point to it: the next new thread
// looks for one that nobody holds. This runs without the GIL, hence the atomic flag and nothing else.
struct EndOfThread {
  ~EndOfThread() { current_graph->orphaned = true; }
};

}  // namespace

Graph& open_graph() {
  static auto& graphs = *new std::vector<std::unique_ptr<Graph>>;  // never destroyed: objects may outlive main
  const auto unused = std::ranges::find_if(graphs, [](const auto& g) { return g->orphaned && g->holders == 0; });
  if (unused != graphs.end()) {
    current_graph = unused->get();
    current_graph->collect_garbage();
    current_graph->orphaned = false;
  } else {
    current_graph = graphs.emplace_back(std::make_unique<Graph>()).get();
  }
  static thread_local EndOfThread at_end;
  (void)&at_end;
  return *current_graph;
}

// What someone holds. Ranges that only `hooked` holds do not keep nodes alive; but a range is kept whole or not at all,
// so one live element of such a range makes all its elements live, and then their ancestors.
void Graph::mark_live(std::vector<std::uint8_t>& live) {
  const auto mark = [&](const IdRange& range) { std::fill_n(live.begin() + std::ptrdiff_t(range.first_), range.count_, std::uint8_t{1}); };
  const auto marked = [&](const IdRange& range) {
    return std::count(live.begin() + std::ptrdiff_t(range.first_), live.begin() + std::ptrdiff_t(range.end()), 1);
  };
  std::vector<const IdRange*> waiting;
  for (const auto& [object, range] : hooked)
    if (Py_REFCNT(object) == 1) waiting.push_back(range);

  for (std::size_t id = Tape::kFirstId; id < tape.size(); ++id) live[id] = object[id] != nullptr;
  if (mutant("collector.forgets_tensors")) return;
  for (const IdRange* range = ranges; range; range = range->next_)
    if (std::ranges::find(waiting, range) == waiting.end()) mark(*range);
  for (bool again = !waiting.empty(); again;) {
    again = false;
    for (std::size_t id = tape.size(); id-- > tape.first_operation();)
      if (live[id]) tape.for_each_parent(static_cast<NodeId>(id), [&](NodeId parent) { live[parent] = 1; });
    for (const IdRange* range : waiting) {
      const auto count = static_cast<std::size_t>(marked(*range));
      if (count == 0 || count == range->count_) continue;
      mark(*range);
      again = true;
    }
  }
}

void Graph::collect_garbage() {
  std::vector<std::uint8_t> live(tape.size(), 0);
  mark_live(live);
  const std::vector<PyObject*> done = take_hooked([&](const IdRange& range) { return range.count_ == 0 || !live[range.first_]; });

  const std::vector<NodeId> to = collect(tape, live);
  for (std::size_t from = Tape::kFirstId; from < to.size(); ++from) {
    const NodeId id = to[from];
    if (id == 0 || id == from) continue;
    if (!mutant("collector.leaves_values_behind")) value[id] = value[from];
    object[id] = object[from];
    if (object[id]) object[id]->id = id;
  }
  swept_root = to[swept_root];
  passed_over = 0;

  for (IdRange* range = ranges; range; range = range->next_)
    if (range->count_) range->first_ = to[range->first_];  // neighbours stay neighbours: all of them are kept
  std::unordered_map<NodeId, PyObject*> kept;
  for (const auto& [id, dict] : keepsakes) {
    if (to[id] && !mutant("collector.forgets_labels")) kept[to[id]] = dict;
    else Py_DECREF(dict);  // holds numbers and strings only: no code runs
  }
  keepsakes.swap(kept);
  for (PyObject* object : done) Py_DECREF(object);
}

void Graph::note_sweep(NodeId root, std::size_t operations, std::size_t passed) {
  swept_root = root;
  swept_nodes = operations;
  passed_over += passed;
  if (passed_over > 16 * tape.size()) limit = 0;  // the next operation comes to make_room_slowly
}

void Graph::let_root_go() {
  if (swept_nodes >= tape.size() / 4 && tape.size() >= kSmallTape) limit = 0;
}

// Steps of a program build graphs of much the same size. So room of which the last one took most is kept, and other room is
// given back a quarter at a time: the next step need not find out again, by one collection after the other, what it takes.
void Graph::make_room_slowly(std::size_t count) {
  const std::size_t kept = limit == 0 && tape.size() > room / 2 ? room : room / 4 * 3;
  if (!sweeping && !mutant("collector.never_runs")) collect_garbage();
  fit(std::max(kept, tape.size() + count));
}

void Graph::fit(std::size_t wanted) {
  limit = room = std::max({kSmallTape, 2 * tape.size(), wanted});
  if (value.capacity() < room || value.capacity() > 4 * room) {
    value.resize(room);
    object.resize(room);
  }
  tape.shrink(room);
}

IdRange::IdRange(Graph& graph, NodeId first, std::size_t count) : graph_(graph), first_(first), count_(count), next_(graph.ranges) {
  if (next_) next_->previous_ = this;
  graph.ranges = this;
  ++graph.holders;
}

IdRange::~IdRange() {
  (previous_ ? previous_->next_ : graph_.ranges) = next_;
  if (next_) next_->previous_ = previous_;
  --graph_.holders;
  graph_.let_go(first_, count_);
}

// --------------------------------------------------------------------------------------------------------- backward

Backward::Backward(Graph& graph, std::span<const NodeId> roots, Leaves leaves)
    : graph_(graph), top_(roots.empty() ? 0 : *std::ranges::max_element(roots)), next_(top_), low_(top_ + 1) {
  Tape& tape = graph.tape;
  reached_.assign(top_ + 1, 0);
  const std::size_t first = tape.first_operation();
  const auto reach = [&](NodeId id) {
    reached_[id] = 1;
    if (id >= first && id < low_) low_ = id;
  };
  for (const NodeId id : roots) reach(id);
  for (std::size_t id = top_; id >= low_; --id) {
    if (!reached_[id]) continue;
    if (tape.node(static_cast<NodeId>(id)).op == kFreed)
      throw GraphError("backward: this graph was already freed by an earlier backward; pass retain_graph=True to the first one");
    tape.for_each_parent(static_cast<NodeId>(id), reach);
  }
  tape.reserve_adjoints();
  std::size_t operations = 0;
  each_operation([&](NodeId id) {
    if (!mutant("backward.operations_not_cleared")) tape.set_adjoint(id, 0.0);
    ++operations;
  });
  // To clear the marks of all that is older than the root takes a sixteenth of the time of a look at each, or less.
  graph.note_sweep(roots.empty() ? 0 : roots.front(), operations, top_ + 1 - low_ - operations + top_ / 16);
  if (leaves == StartFromZero) {
    for (NodeId id = Tape::kFirstId; id <= top_; ++id)
      if (reached_[id] && tape.is_leaf(id) && !mutant("backward.leaves_not_cleared")) tape.set_adjoint(id, 0.0);
  }
  ++graph.sweeping;
}

template <class Visit>
void Backward::each_operation(Visit&& visit) {
  for (std::size_t id = low_; id <= top_; ++id)
    if (reached_[id] && !graph_.tape.is_leaf(static_cast<NodeId>(id))) visit(static_cast<NodeId>(id));
}

void Backward::add(NodeId id, double gradient) {
  graph_.tape.set_adjoint(id, (mutant("backward.seed_overwrites") ? 0.0 : graph_.tape.adjoint(id)) + gradient);
}

void Backward::sweep_to(NodeId last) {
  const std::size_t to = std::max<std::size_t>(last, low_);
  if (next_ + 1 <= to) return;
  graph_.tape.sweep(static_cast<NodeId>(next_), to, [&](std::size_t id) { return reached_[id] != 0; });
  next_ = to - 1;
}

void Backward::free() {
  if (!mutant("backward.frees_nothing")) each_operation([&](NodeId id) { graph_.tape.free_node(id); });
}

// ------------------------------------------------------------------------------------------------------------- names

namespace {

constexpr std::size_t kListed = ElementwiseOps::size;
constexpr auto kNames = [] {
  std::array<std::string_view, kListed + 1> names{};
  std::size_t k = 0;
  ElementwiseOps::for_each([&]<class Op>(Op) { names[++k] = Op::info.name; });
  return names;
}();

std::string number_text(const Node& node) {
  PyObject* const number = node.op == kPowInteger ? PyLong_FromDouble(node.db) : PyFloat_FromDouble(node.db);
  PyObject* const text = number ? PyObject_Repr(number) : nullptr;
  std::string result = text ? PyUnicode_AsUTF8(text) : "?";
  Py_XDECREF(text);
  Py_XDECREF(number);
  return result;
}

}  // namespace

std::string operation_name(const Node& node) {
  switch (node.op) {
    case kLeaf:
      return "";
    case op_code<Add>:
      return "+";
    case op_code<Sub>:
      return "-";
    case op_code<Mul>:
      return "*";
    case op_code<Div>:
      return "/";
    case op_code<Pow>:
      return "**";
    case op_code<Relu>:
      return "ReLU";
    case kPowInteger:
    case kPowFloat:
      return "**" + number_text(node);
    case kMulAdd:
      return "mul_add";
    case kSum:
      return "sum";
    case kCopy:
      return "copy";
    case kFreed:
      return "freed";
    default:
      break;
  }
  if (node.op <= kListed) return std::string(kNames[node.op]);
  return "op";
}

}  // namespace trigrad::python
