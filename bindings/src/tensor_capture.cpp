// trigrad.compile in C++: does a recorded program serve this call, which numbers has Python changed since, and what did
// the step return? The recording itself is the engine's (capture.hpp); Python's half is tensor_cpp/_compile.py.
//
// A program serves a call when
//   the arguments look alike    tensors by shape, strides, dtype and requires_grad, everything else by value
//   the switches are the same   gradients on or off, the default dtype
//   Python's names are          the step's own variables, and the attributes, parameters and mode of every module that it
//                               called, are the objects that they were
//   the optimisers are          the same groups, with the same state; their numbers (lr, ...) are read at each replay

#include "capture_watch.hpp"

namespace trigrad {
namespace {

using namespace steps;

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
