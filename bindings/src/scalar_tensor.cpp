// What trigrad.scalar_cpp.Tensor is built on. A tensor there is a NumPy array of values and, if gradients are wanted,
// the run of tape nodes of its elements (IdRange). Here is all that makes nodes or sweeps them; shapes, broadcasting and
// indexing are NumPy's business, and arrive as positions: "element k of the result comes from element p[k]".
#include "scalar_value.hpp"

#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>

namespace py = pybind11;

namespace trigrad::python {

namespace {

using Doubles = py::array_t<double, py::array::c_style | py::array::forcecast>;
using Positions = py::array_t<std::int64_t, py::array::c_style | py::array::forcecast>;
using Range = std::unique_ptr<IdRange>;

// An operand: values, the nodes behind them (None: constants), and for each element of the result where to look.
struct TensorOperand {
  Doubles values;
  const IdRange* range;
  std::optional<Positions> positions;  // None: element k is element k

  double value(std::size_t k) const { return values.data()[at(k)]; }
  NodeId id(std::size_t k) const { return range ? range->id(at(k)) : 0; }

 private:
  std::size_t at(std::size_t k) const { return positions ? static_cast<std::size_t>(positions->data()[k]) : k; }
};

TensorOperand operand_of(const py::handle& tuple) {
  const auto [values, range, positions] = tuple.cast<std::tuple<Doubles, const IdRange*, std::optional<Positions>>>();
  return {values, range, positions};
}

// The graph to record on, and room in it. Without any tracked operand there is none.
Graph* graph_of(const std::string& caller, const std::vector<const IdRange*>& ranges, std::size_t nodes) {
  Graph* graph = nullptr;
  for (const IdRange* range : ranges) {
    if (!range) continue;
    check_thread(range->graph(), caller.c_str());
    graph = &range->graph();
  }
  if (graph) graph->make_room(nodes);
  return graph;
}

Range new_range(Graph& graph, std::size_t count) {
  return std::make_unique<IdRange>(graph, static_cast<NodeId>(graph.tape.size() - count), count);
}

Range leaf(const Doubles& values) {
  Graph& graph = graph_of_thread();
  const auto count = static_cast<std::size_t>(values.size());
  graph.make_room(count);
  for (std::size_t k = 0; k < count; ++k) graph.leaf(values.data()[k]);
  return new_range(graph, count);
}

// ------------------------------------------------------------------------------------------------------- elementwise

using Kernel = void (*)(const PackedAttrs&, const std::vector<TensorOperand>&, Graph*, double*, std::size_t);

template <class Op, std::size_t... K>
void run(const PackedAttrs& packed, const std::vector<TensorOperand>& x, Graph* graph, double* out, std::size_t count,
         std::index_sequence<K...>) {
  const auto attrs = unpack<Op>(packed);
  for (std::size_t n = 0; n < count; ++n) {
    const double in[] = {x[K].value(n)...};
    const double z = static_cast<double>(evaluate<Op>(attrs, in[K]...));
    out[n] = z;
    if constexpr (differentiable<Op>) {
      if (!graph) continue;
      constexpr int first = Op::arity == 3 ? 1 : 0;  // where(c, x, y): c has no derivative
      const NodeId a = x[first].id(n);
      const double da = a ? partial<Op, first>(attrs, in[K]..., z) : 0.0;
      if constexpr (Op::arity == 1) {
        graph->keep(graph->tape.push(op_code<Op>, a, da), z);
      } else {
        const NodeId b = x[first + 1].id(n);
        const double db = b ? partial<Op, first + 1>(attrs, in[K]..., z) : 0.0;
        if constexpr (std::is_same_v<Op, Add>) graph->keep(graph->tape.push_add(a, mutant("tensor.add_loses_second") ? 0 : b), z);
        else graph->keep(graph->tape.push(op_code<Op>, a, da, b, db), z);
      }
    }
  }
}

struct Entry {
  Kernel kernel;
  std::size_t arity;
  PackedAttrs attrs;
};

const std::unordered_map<std::string_view, Entry>& kernels() {
  static const auto table = [] {
    std::unordered_map<std::string_view, Entry> made;
    ElementwiseOps::for_each([&]<class Op>(Op) {
      made[Op::info.name] = {[](const PackedAttrs& attrs, const std::vector<TensorOperand>& x, Graph* graph, double* out,
                                std::size_t count) { run<Op>(attrs, x, graph, out, count, std::make_index_sequence<Op::arity>{}); },
                             Op::arity, pack<Op>({})};
    });
    return made;
  }();
  return table;
}

py::tuple elementwise(const std::string& name, const std::vector<double>& attrs, const py::sequence& operands, std::size_t count) {
  const Entry& entry = kernels().at(name);
  std::vector<TensorOperand> x;
  std::vector<const IdRange*> ranges;
  for (const py::handle operand : operands) ranges.push_back(x.emplace_back(operand_of(operand)).range);
  if (x.size() != entry.arity) throw ValueError(name + ": takes " + std::to_string(entry.arity) + " operands");
  PackedAttrs packed = entry.attrs;
  std::ranges::copy(attrs, packed.begin());
  Graph* const graph = graph_of(name, ranges, count);
  Doubles values(static_cast<py::ssize_t>(count));
  entry.kernel(packed, x, graph, values.mutable_data(), count);
  return py::make_tuple(values, graph ? py::cast(new_range(*graph, count)) : py::none());
}

// -------------------------------------------------------------------------------------------- copies, sums, products

// Element k of the result is element positions[k] of the sources, laid end to end. New nodes, so that the result has a
// gradient of its own.
Range pick(const std::string& name, const std::vector<std::pair<const IdRange*, std::size_t>>& sources, const Positions& positions,
           const Doubles& values) {
  std::vector<const IdRange*> ranges;
  for (const auto& [range, count] : sources) ranges.push_back(range);
  const auto count = static_cast<std::size_t>(positions.size());
  Graph& graph = *graph_of(name, ranges, count);
  std::vector<NodeId> ids;
  for (const auto& [range, size] : sources)
    for (std::size_t k = 0; k < size; ++k) ids.push_back(range ? range->id(k) : 0);
  for (std::size_t k = 0; k < count; ++k)
    graph.keep(graph.tape.push(kCopy, ids.at(static_cast<std::size_t>(positions.data()[k])), mutant("tensor.pick_halves") ? 0.5 : 1.0),
               values.data()[k]);
  return new_range(graph, count);
}

// Row r of the result is Σ partials[r, k] · x[positions[r, k]] to first order: one node with many parents. `values` are
// the results; a partial of exactly 0 makes no parent.
Range combine(const std::string& name, const IdRange& x, const Positions& positions, const Doubles& partials, const Doubles& values) {
  const auto rows = static_cast<std::size_t>(values.size());
  const std::size_t width = rows ? static_cast<std::size_t>(positions.size()) / rows : 0;
  Graph& graph = *graph_of(name, {&x}, rows);
  for (std::size_t r = 0; r < rows; ++r) {
    Term* const terms = graph.tape.reserve_terms(width);
    std::size_t count = 0;
    for (std::size_t k = r * width; k < (r + 1) * width; ++k) {
      if (partials.data()[k] != 0)
        terms[count++] = {mutant("tensor.partials_are_1") ? 1.0 : partials.data()[k], x.id(static_cast<std::size_t>(positions.data()[k]))};
    }
    graph.keep(graph.tape.push_sum(count), values.data()[r]);
  }
  return new_range(graph, rows);
}

// Row r of the result is Σ x[px[r, k]] · y[py[r, k]], plus bias[r % size] where there is one.
py::tuple dots(const std::string& name, const py::handle& left, const py::handle& right, const py::object& bias, std::size_t rows,
               std::size_t width) {
  const TensorOperand x = operand_of(left), y = operand_of(right);
  std::optional<TensorOperand> added;
  if (!bias.is_none()) added = operand_of(bias);
  Graph* const graph = graph_of(name, {x.range, y.range, added ? added->range : nullptr}, rows);
  Doubles values(static_cast<py::ssize_t>(rows));
  for (std::size_t r = 0; r < rows; ++r) {
    double z = 0;
    for (std::size_t k = r * width; k < (r + 1) * width; ++k) z += x.value(k) * y.value(k);
    if (added) z += added->value(r);
    values.mutable_data()[r] = z;
    if (!graph) continue;
    Term* const terms = graph->tape.reserve_terms(2 * width + 1);
    std::size_t count = 0;
    for (std::size_t k = r * width; k < (r + 1) * width; ++k) {
      if (const NodeId id = x.id(k)) terms[count++] = {mutant("tensor.dots_partials_exchanged") ? x.value(k) : y.value(k), id};
      if (const NodeId id = y.id(k)) terms[count++] = {x.value(k), id};
    }
    if (added && added->id(r)) terms[count++] = {mutant("tensor.bias_forgotten") ? 0.0 : 1.0, added->id(r)};
    graph->keep(graph->tape.push_sum(count), z);
  }
  return py::make_tuple(values, graph ? py::cast(new_range(*graph, rows)) : py::none());
}

// ---------------------------------------------------------------------------------------------------------- backward

Doubles gradient_of(const IdRange& range) {
  Doubles result(static_cast<py::ssize_t>(range.count()));
  for (std::size_t k = 0; k < range.count(); ++k) result.mutable_data()[k] = range.graph().tape.adjoint(range.id(k));
  return result;
}

// Sweeps from the roots. `fire(range, gradient)` is called for each reached range that has hooks, youngest first, as soon as
// its gradient is complete; what it returns replaces the gradient. The result has a pair (range, gradient) for each
// reached range that wants one; if `watched` is given, a gradient or None for each of these instead.
py::list backward(const std::string& name, const std::vector<std::pair<const IdRange*, Doubles>>& roots,
                  const std::optional<std::vector<const IdRange*>>& watched, bool free, const py::function& fire) {
  std::vector<const IdRange*> ranges;
  std::vector<NodeId> ids;
  for (const auto& [range, seeds] : roots) {
    ranges.push_back(range);
    for (std::size_t k = 0; k < range->count(); ++k) ids.push_back(range->id(k));
  }
  Graph& graph = *graph_of(name, ranges, 0);
  Backward sweep(graph, ids, Backward::StartFromZero);
  for (const auto& [range, seeds] : roots)
    for (std::size_t k = 0; k < range->count(); ++k) sweep.add(range->id(k), seeds.data()[k]);

  const auto reached = [&](const IdRange* range) {
    for (NodeId id = range->first(); id < range->end(); ++id)
      if (sweep.reached(id)) return true;
    return false;
  };
  std::vector<IdRange*> hooked, wanting;
  for (IdRange* range = graph.ranges; range; range = range->next()) {
    if ((range->has_hooks || range->wants_grad) && reached(range)) {
      if (range->has_hooks) hooked.push_back(range);
      if (range->wants_grad) wanting.push_back(range);
    }
  }
  std::ranges::sort(hooked, std::greater{}, &IdRange::first);
  std::vector<py::object> holders;  // a hook may drop the last reference to a tensor
  for (const auto* list : {&hooked, &wanting})
    for (IdRange* range : *list) holders.push_back(py::cast(range, py::return_value_policy::reference));
  for (IdRange* range : hooked) {
    if (!mutant("tensor.hook_called_early")) sweep.sweep_to(range->end());
    const py::object replaced = fire(py::cast(range, py::return_value_policy::reference), gradient_of(*range));
    if (replaced.is_none() || mutant("tensor.hook_result_ignored")) continue;
    const Doubles values = replaced.cast<Doubles>();
    for (std::size_t k = 0; k < range->count(); ++k) graph.tape.set_adjoint(range->id(k), values.data()[k]);
  }
  sweep.sweep_to(0);

  py::list result;
  if (watched) {
    for (const IdRange* range : *watched) {
      const bool here = &range->graph() == &graph && reached(range);
      result.append(here ? py::object(gradient_of(*range)) : py::none());
    }
  } else {
    for (IdRange* range : wanting) result.append(py::make_tuple(py::cast(range, py::return_value_policy::reference), gradient_of(*range)));
  }
  if (free) {
    sweep.free();
    const auto swept = [&](const IdRange& range) {
      return std::ranges::find(hooked, &range) != hooked.end() && !graph.tape.is_leaf(range.first());
    };
    for (PyObject* object : graph.take_hooked(swept)) Py_DECREF(object);
  }
  return result;
}

// How many nodes these were computed from, themselves included.
std::size_t graph_size(const Tape& tape, const std::vector<NodeId>& roots) {
  std::vector<std::uint8_t> met(tape.size(), 0);
  for (const NodeId id : roots) met[id] = 1;
  std::size_t count = 0;
  for (std::size_t id = tape.size(); id-- > Tape::kFirstId;) {
    if (!met[id]) continue;
    ++count;
    tape.for_each_parent(static_cast<NodeId>(id), [&](NodeId parent) { met[parent] = 1; });
  }
  return count;
}

// For detect_anomaly: the youngest operation that turned a sound gradient into NaN, and which of its operands got it.
std::optional<std::pair<std::string, int>> nan_maker(const IdRange& root) {
  const Tape& tape = root.graph().tape;
  std::vector<std::uint8_t> met(root.end(), 0);  // of what the root was computed from; other adjoints are of other sweeps
  std::fill(met.begin() + root.first(), met.end(), std::uint8_t{1});
  for (NodeId id = root.end() - 1; id >= tape.first_operation(); --id) {
    if (!met[id]) continue;
    tape.for_each_parent(id, [&](NodeId parent) { met[parent] = 1; });
    const double g = tape.adjoint(id);
    if (g == 0 || std::isnan(g)) continue;
    int operand = 0, bad = -1;
    const Node node = tape.node(id);
    if (node.op == kSum) {
      for (const Term& t : tape.terms(node)) bad = bad < 0 && std::isnan(t.partial * g) ? operand : bad, ++operand;
    } else {
      if (node.b && std::isnan(node.db * g)) bad = 1;
      if (node.a && std::isnan(node.da * g)) bad = 0;
    }
    if (bad >= 0) return std::pair(operation_name(node), bad);
  }
  return std::nullopt;
}

}  // namespace

void bind_scalar_tensor(py::module_& m) {
  py::class_<IdRange>(m, "IdRange", py::dynamic_attr(), "The tape nodes of a tensor's elements.")
      .def("__len__", &IdRange::count)
      .def("describe",
           [](const IdRange& range, std::size_t k) {
             if (k >= range.count()) throw py::index_error();
             const Node node = range.graph().tape.node(range.id(k));
             std::vector<NodeId> parents;
             range.graph().tape.for_each_parent(range.id(k), [&](NodeId id) { parents.push_back(id); });
             return std::tuple(range.id(k), operation_name(node), parents);
           })
      .def_readwrite("wants_grad", &IdRange::wants_grad)
      .def_readwrite("has_hooks", &IdRange::has_hooks)
      .def("keep_for_hooks", [](py::object self) {
        IdRange& range = self.cast<IdRange&>();
        auto& hooked = range.graph().hooked;
        if (std::ranges::find(hooked, &range, &std::pair<PyObject*, IdRange*>::second) == hooked.end())
          hooked.emplace_back(self.release().ptr(), &range);
        range.has_hooks = true;
      });
  m.def("leaf", leaf);
  m.def("elementwise", elementwise);
  m.def("pick", pick);
  m.def("combine", combine);
  m.def("dots", dots);
  m.def("backward", backward);
  m.def("nan_maker", nan_maker);
  m.def("describe_node", [](NodeId id) {
    Graph& graph = graph_of_thread();
    if (id >= graph.tape.size() || id < Tape::kFirstId) throw py::index_error();
    std::vector<NodeId> parents;
    graph.tape.for_each_parent(id, [&](NodeId parent) { parents.push_back(parent); });
    return std::tuple(graph.value[id], graph.tape.adjoint(id), operation_name(graph.tape.node(id)), parents);
  });
  m.def(
      "graph_size",
      [](const py::object& x) {
        if (is_value(x.ptr())) return graph_size(as_value(x.ptr())->graph->tape, {as_value(x.ptr())->id});
        const auto& range = x.cast<const IdRange&>();
        std::vector<NodeId> ids;
        for (std::size_t k = 0; k < range.count(); ++k) ids.push_back(range.id(k));
        return graph_size(range.graph().tape, ids);
      },
      "How many nodes a Value or a range was computed from, itself included.");
  m.def(
      "tape_size", [] { return graph_of_thread().tape.size() - Tape::kFirstId; },
      "How many nodes this thread's tape holds, dead ones included.");
  m.def(
      "collect",
      [] {
        graph_of_thread().collect_garbage();
        graph_of_thread().fit();
      },
      "Removes dead nodes now, and gives their room back.");

  py::list records;
  ElementwiseOps::for_each([&]<class Op>(Op) {
    std::vector<std::string_view> attrs;
    for (std::size_t k = 0; k < attr_count<Op>; ++k) attrs.push_back(Op::info.attrs[k]);
    const PackedAttrs defaults = pack<Op>({});
    records.append(py::make_tuple(Op::info.name, static_cast<int>(Op::arity), static_cast<int>(Op::info.result), differentiable<Op>, attrs,
                                  std::vector<double>(defaults.begin(), defaults.begin() + std::ptrdiff_t(attr_count<Op>)),
                                  Op::info.formula));
  });
  m.attr("elementwise_ops") = records;
}

}  // namespace trigrad::python
