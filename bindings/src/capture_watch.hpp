// What Python may change between two calls of a compiled step: variables and attributes, which must be what they were, and
// the optimisers' numbers, which every replay reads. Read before: tensor_capture.cpp.
#pragma once

#include "capture_look.hpp"

#include <trigrad/tensor/capture.hpp>

namespace trigrad::steps {

// The same object, or an equal number or string.
inline bool unchanged(py::handle now, py::handle then) {
  if (now.is(then)) return true;
  const bool plain = now && then && (PyFloat_CheckExact(now.ptr()) || PyLong_CheckExact(now.ptr()) || PyUnicode_CheckExact(now.ptr()));
  return plain && same_value(now, then);
}

// A variable of the step: in a cell where the function around it made it, in a dict where its module did.
struct Variable {
  py::object place;
  py::str name;
  py::object then;

  py::handle now() const { return PyCell_Check(place.ptr()) ? PyCell_GET(place.ptr()) : PyDict_GetItemWithError(place.ptr(), name.ptr()); }
  bool changed() const { return !unchanged(now(), then); }
  void visit(auto&& see) const { see(place), see(then); }
};

// A dict, and what stood in it. Its values are kept, so that no address comes twice.
class Remembered {
 public:
  explicit Remembered(py::dict dict) : dict_(std::move(dict)) {
    for (const auto& [key, value] : dict_) values_.push_back(py::reinterpret_borrow<py::object>(value));
  }
  // The name of what is no more as it was; null: all is.
  py::handle changed() const {
    if (static_cast<std::size_t>(PyDict_GET_SIZE(dict_.ptr())) != values_.size()) return Py_None;
    PyObject *key = nullptr, *value = nullptr;
    Py_ssize_t at = 0;
    for (std::size_t k = 0; PyDict_Next(dict_.ptr(), &at, &key, &value); ++k)
      if (!unchanged(value, values_[k])) return key;
    return {};
  }
  void visit(auto&& see) const {
    see(dict_);
    for (const py::object& value : values_) see(value);
  }

 private:
  py::dict dict_;
  std::vector<py::object> values_;
};

struct Names {  // of an optimiser's settings, made once
  py::str param_groups{"param_groups"}, state{"state"}, params{"params"}, lr{"lr"}, momentum{"momentum"}, dampening{"dampening"},
      weight_decay{"weight_decay"}, nesterov{"nesterov"}, maximize{"maximize"}, betas{"betas"}, eps{"eps"}, amsgrad{"amsgrad"},
      step{"step"};
};
inline const Names& names() {
  static const Names& made = *new Names;
  return made;
}

inline PyObject* item(const py::object& dict, const py::str& name) {
  PyObject* found = PyDict_GetItemWithError(dict.ptr(), name.ptr());
  if (!found) throw CaptureError("compile: the optimiser has no " + std::string(name) + " any more");
  return found;
}
inline double number(py::handle x) {
  const double value = PyFloat_AsDouble(x.ptr());
  if (value == -1 && PyErr_Occurred()) throw py::error_already_set();
  return value;
}
inline double number(const py::object& dict, const py::str& name) { return number(item(dict, name)); }
inline bool truth(const py::object& dict, const py::str& name) { return PyObject_IsTrue(item(dict, name)) == 1; }

// One fused update of one group: Python keeps its numbers, and the count of Adam's steps.
class Followed {
 public:
  Followed(const py::object& optimizer, const py::object& group, std::shared_ptr<capture::Update> update)
      : optimizer_(optimizer.attr("__dict__")), group_(group), update_(std::move(update)) {
    groups_ = py::reinterpret_borrow<py::object>(item(optimizer_, names().param_groups));
    state_ = py::reinterpret_borrow<py::object>(item(optimizer_, names().state));
    group_count_ = py::len(groups_);
    index_ = py::cast<std::size_t>(groups_.attr("index")(group));
    state_count_ = PyDict_GET_SIZE(state_.ptr());
    params_ = py::len(group[names().params]);
    for (const py::handle p : group[names().params])
      if (PyObject* const own = PyDict_GetItemWithError(state_.ptr(), p.ptr()))
        states_.emplace_back(py::reinterpret_borrow<py::object>(p), py::reinterpret_borrow<py::object>(own));
    if (const auto* sgd = std::get_if<optim::SGDOptions>(&update_->options)) {
      variant_ = sgd->momentum != 0;
      return;
    }
    variant_ = truth(group_, names().amsgrad);
    for (const py::handle p : group[names().params])
      for (const Tensor& x : update_->parameters)
        if (tensor_in(p)->is_same(x)) own_.push_back(state_[p]);
  }

  bool fits() const {
    if (item(optimizer_, names().param_groups) != groups_.ptr() || item(optimizer_, names().state) != state_.ptr()) return false;
    if (static_cast<std::size_t>(PyList_GET_SIZE(groups_.ptr())) != group_count_ ||
        PyList_GET_ITEM(groups_.ptr(), static_cast<Py_ssize_t>(index_)) != group_.ptr() || PyDict_GET_SIZE(state_.ptr()) != state_count_)
      return false;
    for (const auto& [p, own] : states_)  // cleared, it would be made anew, and look the same by its size
      if (PyDict_GetItemWithError(state_.ptr(), p.ptr()) != own.ptr()) return false;
    if (PyObject* params = item(group_, names().params); PyList_GET_SIZE(params) != static_cast<Py_ssize_t>(params_)) return false;
    const bool sgd = std::holds_alternative<optim::SGDOptions>(update_->options);
    return (sgd ? number(group_, names().momentum) != 0 : truth(group_, names().amsgrad)) == variant_;
  }

  void read() {
    const Names& n = names();
    const double lr = number(group_, n.lr), decay = number(group_, n.weight_decay);
    const bool maximize = truth(group_, n.maximize);
    if (auto* sgd = std::get_if<optim::SGDOptions>(&update_->options)) {
      *sgd = {lr, number(group_, n.momentum), number(group_, n.dampening), decay, truth(group_, n.nesterov), maximize};
      return;
    }
    PyObject* betas = item(group_, n.betas);
    auto& adam = std::get<optim::AdamOptions>(update_->options);
    adam = {lr,
            {number(PySequence_Fast_GET_ITEM(betas, 0)), number(PySequence_Fast_GET_ITEM(betas, 1))},
            number(group_, n.eps),
            decay,
            variant_,
            maximize};
    update_->step = PyLong_AsLongLong(item(own_[0], n.step)) + 1;
  }

  void write() const {
    if (own_.empty()) return;
    const py::int_ step(update_->step);
    for (const py::object& own : own_)
      if (PyDict_SetItem(own.ptr(), names().step.ptr(), step.ptr()) != 0) throw py::error_already_set();
  }
  void visit(auto&& see) const {
    see(optimizer_), see(group_), see(groups_), see(state_);
    for (const py::object& own : own_) see(own);
    for (const auto& [p, own] : states_) see(p), see(own);
  }

 private:
  py::object optimizer_, group_, groups_, state_;
  std::shared_ptr<capture::Update> update_;
  std::size_t group_count_ = 0, index_ = 0, params_ = 0;
  Py_ssize_t state_count_ = 0;
  bool variant_ = false;          // momentum or none, amsgrad or not: another program
  std::vector<py::object> own_;                           // Adam's state of each parameter that is updated
  std::vector<std::pair<py::object, py::object>> states_;  // of each parameter that has one
};

struct Watched {
  bool grad = grad_enabled();
  DType dtype = default_dtype();
  std::vector<Remembered> dicts;
  std::vector<Variable> variables;
  std::vector<Followed> updates;

  py::handle changed() const {  // a name; null: nothing is
    for (const Remembered& dict : dicts)
      if (const py::handle name = dict.changed()) return name;
    for (const Variable& variable : variables)
      if (variable.changed()) return variable.name;
    return {};
  }
  void visit(auto&& see) const {  // every object that is held
    for (const Remembered& dict : dicts) dict.visit(see);
    for (const Variable& variable : variables) variable.visit(see);
    for (const Followed& update : updates) update.visit(see);
  }
};

}  // namespace trigrad::steps
