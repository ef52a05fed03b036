// Copying and pickling a Value keeps the graph below it, by loops over the tape: a graph a million deep is no problem.
//
// A pickle of a leaf is its number, gradient and attributes. A pickle of any other Value is the part of the tape that
// it was computed from, as flat arrays; leaves that Python objects stand for are pickled as objects, so that a model
// and its loss, pickled together, still share the parameters afterwards.
#include "scalar_value.hpp"

#include <cstring>

namespace trigrad::python {

namespace {

PyObject* const kFailed = nullptr;

// The ids that `root` was computed from, itself last. `stop(id)` ends the walk at nodes that need no ancestors.
template <class Stop>
std::vector<NodeId> ancestry(const Tape& tape, NodeId root, Stop&& stop) {
  std::vector<std::uint8_t> wanted(root + std::size_t{1}, 0);
  wanted[root] = 1;
  std::size_t count = 0;
  for (NodeId id = root; id >= Tape::kFirstId; --id) {
    if (!wanted[id]) continue;
    ++count;
    if (!stop(id)) tape.for_each_parent(id, [&](NodeId parent) { wanted[parent] = 1; });
  }
  std::vector<NodeId> found;
  found.reserve(count);
  for (NodeId id = Tape::kFirstId; id <= root; ++id)
    if (wanted[id]) found.push_back(id);
  return found;
}

// Appends a copy of `node`, whose parents are renamed by to(id).
NodeId push_copy(Tape& tape, Node node, const std::vector<Term>& terms, auto&& to) {
  if (node.op == kLeaf) return tape.leaf();
  const auto renamed = [&](NodeId parent) { return parent ? to(parent) : 0; };
  if (node.op != kSum) return tape.push(node.op, renamed(node.a), node.da, renamed(node.b), node.db, renamed(node.c));
  Term* const copies = tape.reserve_terms(terms.size());
  for (std::size_t k = 0; k < terms.size(); ++k) copies[k] = {terms[k].partial, renamed(terms[k].id)};
  return tape.push_sum(terms.size());
}

std::vector<Term> terms_of(const Tape& tape, const Node& node) {
  if (node.op != kSum) return {};
  const auto span = tape.terms(node);
  return {span.begin(), span.end()};
}

bool update_dict(PyObject* object, PyObject* with) {
  if (!with || with == Py_None) return true;
  PyObject* const dict = get_dict(object, nullptr);
  const bool good = dict && PyDict_Update(dict, with) == 0;
  Py_XDECREF(dict);
  return good;
}

// Op codes depend on the list's order, which may change between the writer and the reader: pickles hold names.
std::vector<std::string_view> list_names() {
  std::vector<std::string_view> names = {""};
  ElementwiseOps::for_each([&]<class Op>(Op) { names.push_back(Op::info.name); });
  return names;
}

template <class T>
PyObject* as_bytes(const std::vector<T>& items) {
  return PyBytes_FromStringAndSize(reinterpret_cast<const char*>(items.data()), static_cast<Py_ssize_t>(items.size() * sizeof(T)));
}

template <class T>
std::vector<T> from_bytes(PyObject* bytes) {
  std::vector<T> items(static_cast<std::size_t>(PyBytes_GET_SIZE(bytes)) / sizeof(T));
  std::memcpy(items.data(), PyBytes_AS_STRING(bytes), items.size() * sizeof(T));
  return items;
}

}  // namespace

// ------------------------------------------------------------------------------------------------------------ pickle

PyObject* reduce_value(PyObject* self, PyObject* /*protocol*/) {
  return guarded(kFailed, [&]() -> PyObject* {
    const ValueObject* const root = as_value(self);
    const Graph& graph = *root->graph;
    const Tape& tape = graph.tape;
    PyObject* const type = reinterpret_cast<PyObject*>(Py_TYPE(self));
    PyObject* const dict = root->dict ? root->dict : Py_None;
    if (tape.is_leaf(root->id)) return Py_BuildValue("O(d)(dO)", type, graph.value[root->id], tape.adjoint(root->id), dict);

    PyObject *const leaves = PyList_New(0), *const dicts = PyList_New(0);
    const auto append = [](PyObject* list, std::size_t place, PyObject* item) {
      PyObject* const pair = list ? Py_BuildValue("nO", static_cast<Py_ssize_t>(place), item) : nullptr;
      const bool good = pair && PyList_Append(list, pair) == 0;
      Py_XDECREF(pair);
      return good;
    };
    const std::vector<NodeId> ids = ancestry(tape, root->id, [](NodeId) { return false; });
    std::vector<NodeId> place(root->id + std::size_t{1}, 0);
    std::vector<Node> nodes;
    std::vector<double> values, grads, partials;
    std::vector<NodeId> term_ids;
    bool good = leaves && dicts;
    for (std::size_t k = 0; k < ids.size() && good; ++k) {
      const NodeId id = ids[k];
      place[id] = static_cast<NodeId>(k + Tape::kFirstId);
      Node node = tape.node(id);
      node.c = place[node.c];
      if (node.op == kSum) {
        for (const Term& term : tape.terms(node)) {
          partials.push_back(term.partial);
          term_ids.push_back(place[term.id]);
        }
        node.a = 0;
      } else {
        node.a = place[node.a];
        node.b = place[node.b];
      }
      nodes.push_back(node);
      values.push_back(graph.value[id]);
      grads.push_back(tape.adjoint(id));
      ValueObject* const object = graph.object[id];
      const auto kept = graph.keepsakes.find(id);
      if (object && node.op == kLeaf) good = append(leaves, k, as_object(object));
      else if (object && object->dict) good = append(dicts, k, object->dict);
      else if (kept != graph.keepsakes.end()) good = append(dicts, k, kept->second);
    }
    PyObject* const names = PyTuple_New(static_cast<Py_ssize_t>(ElementwiseOps::size + 1));
    if (names) {
      Py_ssize_t at = 0;
      for (const std::string_view name : list_names())
        PyTuple_SET_ITEM(names, at++, PyUnicode_FromStringAndSize(name.data(), static_cast<Py_ssize_t>(name.size())));
    }
    PyObject* const rebuild = good && names ? PyObject_GetAttrString(reinterpret_cast<PyObject*>(value_type), "_rebuild") : nullptr;
    PyObject* const result = rebuild ? Py_BuildValue("N(NNNNNNNN)", rebuild, names, as_bytes(nodes), as_bytes(values), as_bytes(grads),
                                                     as_bytes(partials), as_bytes(term_ids), leaves, dicts)
                                     : nullptr;
    if (!rebuild) {
      Py_XDECREF(names);
      Py_XDECREF(leaves);
      Py_XDECREF(dicts);
    }
    return result;
  });
}

PyObject* set_value_state(PyObject* self, PyObject* state) {
  double grad = 0;
  PyObject* dict = nullptr;
  if (!PyArg_ParseTuple(state, "dO", &grad, &dict) || !update_dict(self, dict)) return nullptr;
  return guarded(kFailed, [&]() -> PyObject* {
    if (grad != 0) as_value(self)->graph->tape.set_adjoint(as_value(self)->id, grad);
    Py_RETURN_NONE;
  });
}

PyObject* rebuild_value(PyObject* /*type*/, PyObject* args) {
  PyObject *names, *node_bytes, *value_bytes, *grad_bytes, *partial_bytes, *term_bytes, *leaves, *dicts;
  if (!PyArg_ParseTuple(args, "O!SSSSSO!O!", &PyTuple_Type, &names, &node_bytes, &value_bytes, &grad_bytes, &partial_bytes, &term_bytes,
                        &PyList_Type, &leaves, &PyList_Type, &dicts)) {
    return nullptr;
  }
  return guarded(kFailed, [&]() -> PyObject* {
    const auto refuse = []() -> PyObject* {
      PyErr_SetString(PyExc_ValueError, "Value: this pickle is damaged");
      return nullptr;
    };
    const auto nodes = from_bytes<Node>(node_bytes);
    const auto values = from_bytes<double>(value_bytes), grads = from_bytes<double>(grad_bytes),
               partials = from_bytes<double>(partial_bytes);
    const auto term_ids = from_bytes<NodeId>(term_bytes);
    if (nodes.empty() || values.size() != nodes.size() || grads.size() != nodes.size() || partials.size() != term_ids.size())
      return refuse();

    const std::vector<std::string_view> known = list_names();
    std::vector<OpCode> codes;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(names); ++k) {
      const char* const name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, k));
      if (!name) return nullptr;
      const auto found = std::ranges::find(known, std::string_view(name));
      codes.push_back(found == known.end() ? kForeignOp : static_cast<OpCode>(found - known.begin()));
    }

    ValueObject* const made = allocate(value_type);
    if (!made) return nullptr;
    Graph& graph = graph_of_thread();
    graph.make_room(nodes.size());
    std::vector<NodeId> to(nodes.size(), 0);
    for (Py_ssize_t k = 0; k < PyList_GET_SIZE(leaves); ++k) {
      Py_ssize_t at = 0;
      PyObject* leaf = nullptr;
      if (!PyArg_ParseTuple(PyList_GET_ITEM(leaves, k), "nO!", &at, value_type, &leaf)) return Py_DECREF(as_object(made)), nullptr;
      if (at < 0 || static_cast<std::size_t>(at) >= to.size()) return Py_DECREF(as_object(made)), refuse();
      check_thread(*as_value(leaf)->graph, "Value");
      to[static_cast<std::size_t>(at)] = as_value(leaf)->id;
    }
    std::size_t term = 0;
    for (std::size_t k = 0; k < nodes.size(); ++k) {
      if (to[k]) continue;
      Node node = nodes[k];
      const auto good = [&](NodeId id) { return id == 0 || (id >= Tape::kFirstId && id - Tape::kFirstId < k); };
      std::vector<Term> terms;
      if (node.op == kSum) {
        if (term + node.b > partials.size()) return Py_DECREF(as_object(made)), refuse();
        for (std::size_t t = 0; t < node.b; ++t, ++term) terms.push_back({partials[term], term_ids[term]});
      }
      bool fine = node.op == kSum ? node.c == 0 : good(node.a) && good(node.b) && good(node.c);
      for (const Term& t : terms) fine = fine && good(t.id);
      if (!fine) return Py_DECREF(as_object(made)), refuse();
      if (node.op < codes.size()) node.op = codes[node.op];
      to[k] = graph.keep(push_copy(graph.tape, node, terms, [&](NodeId id) { return to[id - Tape::kFirstId]; }), values[k]);
      if (grads[k] != 0) graph.tape.set_adjoint(to[k], grads[k]);
    }
    attach(made, graph, to.back());
    const auto last = static_cast<Py_ssize_t>(nodes.size()) - 1;
    for (Py_ssize_t k = 0; k < PyList_GET_SIZE(dicts); ++k) {
      Py_ssize_t at = 0;
      PyObject* dict = nullptr;
      if (!PyArg_ParseTuple(PyList_GET_ITEM(dicts, k), "nO!", &at, &PyDict_Type, &dict)) return Py_DECREF(as_object(made)), nullptr;
      if (at == last && !update_dict(as_object(made), dict)) return Py_DECREF(as_object(made)), nullptr;
      if (at >= 0 && at < last) {
        PyObject* const copy = PyDict_Copy(dict);
        if (copy && is_worth_keeping(copy)) graph.keepsakes[to[static_cast<std::size_t>(at)]] = copy;
        else Py_XDECREF(copy);
      }
    }
    return as_object(made);
  });
}

// -------------------------------------------------------------------------------------------------------------- copy

PyObject* copy_value(PyObject* self, PyObject* /*unused*/) {
  return guarded(kFailed, [&]() -> PyObject* {
    const ValueObject* const from = as_value(self);
    check_thread(*from->graph, "copy");
    ValueObject* const made = allocate(value_type);
    if (!made) return nullptr;
    Graph& graph = *from->graph;
    graph.make_room(1);
    const Node node = graph.tape.node(from->id);
    const double grad = graph.tape.adjoint(from->id);
    const NodeId id =
        graph.keep(push_copy(graph.tape, node, terms_of(graph.tape, node), [](NodeId parent) { return parent; }), graph.value[from->id]);
    attach(made, graph, id);
    if (grad != 0) graph.tape.set_adjoint(id, grad);
    if (!update_dict(as_object(made), from->dict)) return Py_DECREF(as_object(made)), nullptr;
    return as_object(made);
  });
}

// Objects that stand for copied nodes are copied too, once each: `memo` knows them by address, as copy.deepcopy does.
PyObject* deepcopy_value(PyObject* self, PyObject* memo) {
  return guarded(kFailed, [&]() -> PyObject* {
    if (!PyDict_Check(memo)) return PyErr_SetString(PyExc_TypeError, "__deepcopy__: memo must be a dict"), nullptr;
    const ValueObject* const root = as_value(self);
    check_thread(*root->graph, "deepcopy");
    Graph& graph = *root->graph;
    const auto copy_in_memo = [&](ValueObject* object) -> ValueObject* {
      if (!object) return nullptr;
      PyObject* const key = PyLong_FromVoidPtr(object);
      PyObject* const found = key ? PyDict_GetItem(memo, key) : nullptr;
      Py_XDECREF(key);
      return found && is_value(found) && as_value(found)->graph == &graph ? as_value(found) : nullptr;
    };
    const auto find = [&] { return ancestry(graph.tape, root->id, [&](NodeId id) { return copy_in_memo(graph.object[id]) != nullptr; }); };
    const auto objects_among = [&](const std::vector<NodeId>& ids) {
      std::size_t count = 0;
      for (const NodeId id : ids) count += graph.object[id] && !copy_in_memo(graph.object[id]);
      return count;
    };

    // Allocating may run Python code and making room moves nodes; both are done before ids are read for good.
    std::vector<ValueObject*> fresh;
    std::vector<NodeId> ids = find();
    while (fresh.size() < objects_among(ids)) {
      for (std::size_t missing = objects_among(ids) - fresh.size(); missing > 0; --missing) {
        fresh.push_back(allocate(value_type));
        if (!fresh.back()) return nullptr;
      }
      ids = find();
    }
    graph.make_room(ids.size());
    ids = find();

    std::vector<NodeId> to(root->id + std::size_t{1}, 0);
    std::vector<std::pair<ValueObject*, ValueObject*>> copied;
    for (const NodeId id : ids) {
      ValueObject* const object = graph.object[id];
      if (ValueObject* const known = copy_in_memo(object)) {
        to[id] = known->id;
        continue;
      }
      const Node node = graph.tape.node(id);
      const double grad = graph.tape.adjoint(id);
      to[id] =
          graph.keep(push_copy(graph.tape, node, terms_of(graph.tape, node), [&](NodeId parent) { return to[parent]; }), graph.value[id]);
      if (grad != 0) graph.tape.set_adjoint(to[id], grad);
      if (object) {
        ValueObject* const copy = fresh.back();
        fresh.pop_back();
        attach(copy, graph, to[id]);
        copied.emplace_back(object, copy);
      } else if (const auto kept = graph.keepsakes.find(id); kept != graph.keepsakes.end()) {
        PyObject* const dict = PyDict_Copy(kept->second);
        if (dict) graph.keepsakes[to[id]] = dict;
      }
    }
    for (ValueObject* unused : fresh) Py_DECREF(as_object(unused));

    PyObject* result = nullptr;
    PyObject* const copy_module = PyImport_ImportModule("copy");
    bool good = copy_module != nullptr;
    for (const auto& [object, copy] : copied) {  // `memo` owns the copies before any other code runs
      PyObject* const key = PyLong_FromVoidPtr(object);
      good = good && key && PyDict_SetItem(memo, key, as_object(copy)) == 0;
      Py_XDECREF(key);
      if (object == root) result = Py_NewRef(as_object(copy));
    }
    for (const auto& [object, copy] : copied) {
      if (good && object->dict) {
        PyObject* const dict = PyObject_CallMethod(copy_module, "deepcopy", "OO", object->dict, memo);
        good = dict && update_dict(as_object(copy), dict);
        Py_XDECREF(dict);
      }
      Py_DECREF(as_object(copy));
    }
    Py_XDECREF(copy_module);
    if (!result && good) {
      if (ValueObject* const known = copy_in_memo(graph.object[root->id])) result = Py_NewRef(as_object(known));
    }
    if (!good) Py_CLEAR(result);
    return result;
  });
}

}  // namespace trigrad::python
