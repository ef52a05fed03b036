// trigrad.compile in C++: does a recorded program serve this call, which numbers has Python changed since, and what did
// the step return? The recording itself is the engine's (capture.hpp); Python's half is tensor_cpp/_compile.py.
//
// A program serves a call when
//   the arguments look alike    tensors by shape, strides, dtype and requires_grad, everything else by value
//   the switches are the same   gradients on or off, the default dtype
//   Python's names are          the step's own variables, and the attributes, parameters and mode of every module that it
//                               called, are the objects that they were
//   the optimisers are          the same groups, with the same state; their numbers (lr, ...) are read at each replay

#include "tensor_binding.hpp"

#include <trigrad/tensor/capture.hpp>

namespace trigrad {
namespace {

bool is_sequence(py::handle object) { return PyTuple_Check(object.ptr()) || PyList_Check(object.ptr()); }

bool same_value(py::handle x, py::handle y) {  // 1, 1.0 and True are three values
  if (x.is(y)) return true;
  if (Py_TYPE(x.ptr()) != Py_TYPE(y.ptr())) return false;
  const int equal = PyObject_RichCompareBool(x.ptr(), y.ptr(), Py_EQ);
  if (equal < 0) throw py::error_already_set();
  return equal == 1;
}

// --- arguments -------------------------------------------------------------------------------------------------------
class Signature {
 public:
  Signature(const py::tuple& args, const py::dict& kwargs) {
    describe(args);
    describe(kwargs);
  }

  // Whether a call looks like the one that was recorded; its tensors in order.
  bool matches(py::handle args, py::handle kwargs, std::vector<Tensor>& tensors, std::vector<py::handle>& objects) const {
    std::size_t next = 0;
    return match(args, next, tensors, objects) && match(kwargs, next, tensors, objects) && next == leaves_.size();
  }

 private:
  struct Leaf {
    PyTypeObject* container = nullptr;  // a tuple, list or dict, or a subclass of one
    Py_ssize_t size = 0;                // of the container
    py::object value;                   // a dict: its keys; no container and no tensor: the value
    Tensor like{};                      // a tensor of this shape, strides and dtype
    std::size_t first_equal = 0;        // the first tensor argument that is the same one
  };

  static std::size_t first_equal(const std::vector<Tensor>& tensors) {
    std::size_t k = 0;
    while (!tensors[k].is_same(tensors.back())) ++k;
    return k;
  }

  void describe(py::handle object) {
    Leaf leaf;
    if (is_sequence(object) || PyDict_Check(object.ptr())) leaf.container = Py_TYPE(object.ptr());
    if (const Tensor* x = tensor_in(object)) {
      seen_.push_back(*x);
      // Facts without numbers: a detached cell of the same look over an empty storage.
      leaf.like = Tensor(new_cell(x->dtype(), x->shape(), x->strides(), new_storage(0), 0));
      leaf.like.set_requires_grad(x->requires_grad());
      leaf.first_equal = first_equal(seen_);
      leaves_.push_back(std::move(leaf));
    } else if (PyDict_Check(object.ptr())) {
      leaf.size = PyDict_GET_SIZE(object.ptr());
      leaf.value = py::tuple(py::reinterpret_borrow<py::dict>(object));
      leaves_.push_back(std::move(leaf));
      for (const auto& [key, value] : py::reinterpret_borrow<py::dict>(object)) describe(value);
    } else if (leaf.container) {
      leaf.size = PySequence_Fast_GET_SIZE(object.ptr());
      leaves_.push_back(std::move(leaf));
      for (const py::handle part : py::reinterpret_borrow<py::sequence>(object)) describe(part);
    } else {
      if (PyObject_Hash(object.ptr()) == -1) {
        PyErr_Clear();
        throw CaptureError(std::string("compile: an argument of type ") + Py_TYPE(object.ptr())->tp_name +
                           " cannot be told from another by its value; pass tensors (tg.tensor(array)), numbers, strings, or tuples, "
                           "lists and dicts of them");
      }
      leaf.value = py::reinterpret_borrow<py::object>(object);
      leaves_.push_back(std::move(leaf));
    }
  }

  bool match(py::handle object, std::size_t& next, std::vector<Tensor>& tensors, std::vector<py::handle>& objects) const {
    if (next == leaves_.size()) return false;
    const Leaf& leaf = leaves_[next++];
    if (leaf.like.defined()) {
      const Tensor* x = tensor_in(object);
      if (!x) return false;
      tensors.push_back(*x);
      objects.push_back(object);
      const Cell &now = *x->cell(), &then = *leaf.like.cell();
      return now.dtype == then.dtype && now.requires_grad == then.requires_grad && !now.weak &&
             std::ranges::equal(now.sizes(), then.sizes()) && std::ranges::equal(now.strides(), then.strides()) &&
             first_equal(tensors) == leaf.first_equal;
    }
    if (!leaf.container) return !tensor_in(object) && same_value(object, leaf.value);
    if (Py_TYPE(object.ptr()) != leaf.container) return false;
    if (PyDict_Check(object.ptr())) {
      if (PyDict_GET_SIZE(object.ptr()) != leaf.size) return false;
      PyObject *key = nullptr, *value = nullptr;
      Py_ssize_t at = 0;
      for (Py_ssize_t k = 0; PyDict_Next(object.ptr(), &at, &key, &value); ++k)
        if (!same_value(key, PyTuple_GET_ITEM(leaf.value.ptr(), k)) || !match(value, next, tensors, objects)) return false;
      return true;
    }
    if (PySequence_Fast_GET_SIZE(object.ptr()) != leaf.size) return false;
    for (Py_ssize_t k = 0; k < leaf.size; ++k)
      if (!match(PySequence_Fast_GET_ITEM(object.ptr(), k), next, tensors, objects)) return false;
    return true;
  }

  std::vector<Leaf> leaves_;
  std::vector<Tensor> seen_;

 public:
  std::vector<Tensor> take_tensors() { return std::move(seen_); }  // of the recorded call, in order
};

// --- results ---------------------------------------------------------------------------------------------------------
// What the step returned: tensors, and tuples, lists and dicts of them. Anything else is returned as it was.
class Structure {
 public:
  Structure() = default;
  Structure(py::handle object, std::vector<Tensor>& tensors) : type_(py::type::of(object)) {
    if (const Tensor* x = tensor_in(object)) {
      index_ = tensors.size();
      tensors.push_back(*x);
    } else if (PyDict_CheckExact(object.ptr())) {
      for (const auto& [key, value] : py::reinterpret_borrow<py::dict>(object)) add(value, tensors, key);
    } else if (PyList_CheckExact(object.ptr()) || PyTuple_Check(object.ptr())) {
      for (const py::handle part : py::reinterpret_borrow<py::sequence>(object)) add(part, tensors, {});
    } else if (object.is_none() || PyBool_Check(object.ptr()) || PyLong_CheckExact(object.ptr()) || PyFloat_CheckExact(object.ptr()) ||
               PyUnicode_CheckExact(object.ptr())) {
      value_ = py::reinterpret_borrow<py::object>(object);
    } else {
      throw CaptureError(std::string("compile: the step returned something of type ") + Py_TYPE(object.ptr())->tp_name +
                         "; return tensors, or tuples, lists and dicts of them");
    }
  }

  py::object build(const std::vector<Tensor>& tensors) const {
    if (index_) return py::cast(tensors[*index_]);
    if (value_) return value_;
    if (type_.is(py::handle(reinterpret_cast<PyObject*>(&PyDict_Type)))) {
      py::dict made;
      for (std::size_t k = 0; k < parts_.size(); ++k) made[keys_[k]] = parts_[k].build(tensors);
      return made;
    }
    py::list made;
    for (const Structure& part : parts_) made.append(part.build(tensors));
    if (type_.is(py::handle(reinterpret_cast<PyObject*>(&PyList_Type)))) return made;
    return py::hasattr(type_, "_make") ? type_.attr("_make")(made) : type_(made);  // a named tuple, or a tuple
  }

 private:
  void add(py::handle part, std::vector<Tensor>& tensors, py::handle key) {
    parts_.emplace_back(part, tensors);
    keys_.push_back(py::reinterpret_borrow<py::object>(key));
  }
  py::object type_, value_;
  std::optional<std::size_t> index_;
  std::vector<Structure> parts_;
  std::vector<py::object> keys_;
};

// --- what is watched ---------------------------------------------------------------------------------------------------
// The same object, or an equal number or string.
bool unchanged(py::handle now, py::handle then) {
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
const Names& names() {
  static const Names& made = *new Names;
  return made;
}

PyObject* item(const py::object& dict, const py::str& name) {
  PyObject* found = PyDict_GetItemWithError(dict.ptr(), name.ptr());
  if (!found) throw CaptureError("compile: the optimiser has no " + std::string(name) + " any more");
  return found;
}
double number(py::handle x) {
  const double value = PyFloat_AsDouble(x.ptr());
  if (value == -1 && PyErr_Occurred()) throw py::error_already_set();
  return value;
}
double number(const py::object& dict, const py::str& name) { return number(item(dict, name)); }
bool truth(const py::object& dict, const py::str& name) { return PyObject_IsTrue(item(dict, name)) == 1; }

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
  }

 private:
  py::object optimizer_, group_, groups_, state_;
  std::shared_ptr<capture::Update> update_;
  std::size_t group_count_ = 0, index_ = 0, params_ = 0;
  Py_ssize_t state_count_ = 0;
  bool variant_ = false;          // momentum or none, amsgrad or not: another program
  std::vector<py::object> own_;  // Adam's state of each parameter
};

// --- programs ----------------------------------------------------------------------------------------------------------
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

bool same_bits(const Tensor& x, const Tensor& y) {
  const Tensor a = contiguous_data(x.detach()), b = contiguous_data(y.detach());
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::memcmp(a.raw(), b.raw(), static_cast<std::size_t>(a.numel()) * size_of(a.dtype())) == 0;
}

class StepProgram {
 public:
  StepProgram(Signature signature, Structure structure, std::size_t results, Watched watched, std::unique_ptr<capture::Program> program,
              int checks)
      : signature_(std::move(signature)),
        structure_(std::move(structure)),
        results_(results),
        watched_(std::move(watched)),
        program_(std::move(program)),
        checks_left_(checks) {}

  // What the step returns; NotImplemented where this program does not serve the call, or is still to be checked.
  py::object replay(const py::args& args, const py::kwargs& kwargs) {
    Call call;
    if (checks_left_ > 0 || capture::recording() || detect_anomaly() || !serves(args, kwargs, call))
      return py::reinterpret_borrow<py::object>(Py_NotImplemented);
    run(call);
    for (const Followed& update : watched_.updates) update.write();
    return structure_.build(call.results);
  }

  bool serves(const py::tuple& args, const py::dict& kwargs) {
    Call call;
    return serves(args, kwargs, call);
  }

  // Replays, takes everything back, lets the step itself run, and compares.
  py::object check(const py::object& step, const py::tuple& args, const py::dict& kwargs) {
    Call call;
    if (!serves(args, kwargs, call)) throw CaptureError("compile: the program does not serve this call");
    const capture::Snapshot before = program_->snapshot(call.tensors);
    try {
      run(call);
    } catch (...) {
      program_->restore(call.tensors, before);
      throw;
    }
    const capture::Snapshot replayed = program_->snapshot(call.tensors);
    program_->restore(call.tensors, before);
    py::object result = step(*args, **kwargs);
    std::vector<Tensor> tensors;
    const Structure structure(result, tensors);
    std::string different;
    if (tensors.size() != results_) different = "the number of tensors that it returns";
    for (std::size_t k = 0; different.empty() && k < results_; ++k)
      if (!same_bits(tensors[k], call.results[k])) different = "result " + std::to_string(k);
    if (different.empty()) different = program_->difference(call.tensors, replayed);
    if (!different.empty())
      throw CaptureError("compile: the step and its replay differ in " + different +
                         ". The step depends on something that changes between calls and that no recording sees: a number, array or "
                         "list that Python computes, or a tensor kept from the call before. Pass it as an argument, or keep it in a "
                         "tensor and change that in place");
    --checks_left_;
    return result;
  }

  // For Python's collector: a trainer that holds its compiled step, which remembers the trainer, is a cycle.
  int traverse(visitproc visit, void* arg) const {
    int stopped = 0;
    watched_.visit([&](const py::object& held) {
      if (stopped == 0 && held) stopped = visit(held.ptr(), arg);
    });
    return stopped;
  }
  void forget() { watched_ = {}; }

  bool checked() const { return checks_left_ <= 0; }
  std::size_t size() const { return program_->size(); }

 private:
  struct Call {
    std::vector<Tensor> tensors, results;
    std::vector<py::handle> objects;
  };

  bool serves(const py::tuple& args, const py::dict& kwargs, Call& call) {
    if (watched_.grad != grad_enabled() || watched_.dtype != default_dtype()) return false;
    if (!signature_.matches(args, kwargs, call.tensors, call.objects) || !program_->fits(call.tensors)) return false;
    if (watched_.changed()) return false;
    return std::ranges::all_of(watched_.updates, [](const Followed& update) { return update.fits(); });
  }

  void run(Call& call) {
    for (Followed& update : watched_.updates) update.read();
    call.results.resize(results_);
    program_->replay(call.tensors, call.results);
  }

  Signature signature_;
  Structure structure_;
  std::size_t results_;
  Watched watched_;
  std::unique_ptr<capture::Program> program_;
  int checks_left_;
};

class StepRecording {
 public:
  StepRecording(const py::tuple& args, const py::dict& kwargs) : signature_(args, kwargs) { recording_.emplace(signature_.take_tensors()); }

  void remember_dict(const py::dict& dict) { watched_.dicts.emplace_back(dict); }
  void remember_variable(const py::object& place, const py::str& name) {
    watched_.variables.push_back({place, name, {}});
    watched_.variables.back().then = py::reinterpret_borrow<py::object>(watched_.variables.back().now());
  }

  void followed(const py::object& optimizer, const py::object& group) {
    for (const auto& updates = recording_->updates(); next_ < updates.size(); ++next_)
      watched_.updates.emplace_back(optimizer, group, updates[next_]);
  }

  void stop() { recording_.reset(); }

  // The program, or in words why the next call may go another way.
  py::object finish(const py::object& result, int checks) {
    std::vector<Tensor> tensors;
    Structure structure(result, tensors);
    auto program = recording_->finish(tensors);
    stop();
    if (!program->unsettled().empty()) return py::str(program->unsettled());
    if (const py::handle name = watched_.changed()) return py::str("'{}' changed in it").format(name);
    return py::cast(std::make_unique<StepProgram>(std::move(signature_), std::move(structure), tensors.size(), std::move(watched_),
                                                  std::move(program), checks));
  }

 private:
  Signature signature_;
  Watched watched_;
  std::size_t next_ = 0;  // of the updates, the first that nobody follows yet
  std::optional<capture::Recording> recording_;
};

// What Python's collector asks of a type.
void collectable(PyHeapTypeObject* heap) {
  PyTypeObject* type = &heap->ht_type;
  type->tp_flags |= Py_TPFLAGS_HAVE_GC;
  type->tp_traverse = [](PyObject* self, visitproc visit, void* arg) -> int {
    Py_VISIT(Py_TYPE(self));
    return py::detail::is_holder_constructed(self) ? py::cast<StepProgram&>(py::handle(self)).traverse(visit, arg) : 0;
  };
  type->tp_clear = [](PyObject* self) -> int {
    if (py::detail::is_holder_constructed(self)) py::cast<StepProgram&>(py::handle(self)).forget();
    return 0;
  };
}

}  // namespace

void bind_capture(py::module_& m) {
  py::class_<StepProgram>(m, "_StepProgram", py::custom_type_setup(collectable))
      .def("replay", &StepProgram::replay)
      .def("serves", py::overload_cast<const py::tuple&, const py::dict&>(&StepProgram::serves), py::arg("args"), py::arg("kwargs"))
      .def("check", &StepProgram::check, py::arg("step"), py::arg("args"), py::arg("kwargs"))
      .def_property_readonly("checked", &StepProgram::checked)
      .def("__len__", &StepProgram::size);
  py::class_<StepRecording>(m, "_StepRecording")
      .def(py::init<const py::tuple&, const py::dict&>(), py::arg("args"), py::arg("kwargs"))
      .def("remember_dict", &StepRecording::remember_dict, py::arg("dict"))
      .def("remember_variable", &StepRecording::remember_variable, py::arg("place"), py::arg("name"))
      .def("followed", &StepRecording::followed, py::arg("optimizer"), py::arg("group"))
      .def("finish", &StepRecording::finish, py::arg("result"), py::arg("checks"))
      .def("stop", &StepRecording::stop);
  m.def("_runs_as_written", [] { return capture::recording() || detect_anomaly(); });
}

}  // namespace trigrad
