// Graphs and gradients: flags, backward, hooks, autograd.grad, and nodes whose rule is a Python function.

#include "tensor_binding.hpp"

#include <trigrad/tensor/structural.hpp>

#include <map>

namespace trigrad {
namespace {

Tensor maybe_tensor(std::string_view op, py::handle object) { return object.is_none() ? Tensor() : as_operand(op, object); }

BackwardOptions options_from(std::optional<bool> retain_graph, bool create_graph, const std::optional<std::string>& order) {
  return {retain_graph, create_graph, order ? parse_order(*order) : Order::Tape};
}

py::object optional_tensor(const Tensor& x) { return x.defined() ? py::cast(x) : py::object(py::none()); }

// A graph node as Python sees it: x.grad_fn. It keeps the node alive, not the numbers.
class GradFn {
 public:
  explicit GradFn(Cell* cell) : cell_(cell) { retain(cell_, kRef); }
  GradFn(const GradFn& other) : GradFn(other.cell_) {}
  GradFn& operator=(const GradFn&) = delete;
  ~GradFn() { release(cell_, kRef); }
  std::string name() const { return std::string(cell_->op ? cell_->op->info->name : "leaf"); }
  py::tuple shape() const { return tuple_of(cell_->sizes()); }
  std::vector<GradFn> inputs() const {
    std::vector<GradFn> found;
    for (Cell* input : cell_->input_cells())
      if (input && input->requires_grad) found.emplace_back(input);
    return found;
  }
  std::uintptr_t id() const { return reinterpret_cast<std::uintptr_t>(cell_); }

 private:
  Cell* cell_;
};

// [function]
// A node that calls back into Python: Function.apply makes one. Its attribute is the callable that maps the output's
// gradient to a sequence of input gradients.
struct PythonRule {
  static void vjp(Cell& node, const Tensor& g, Tensor* gradients) {
    const py::gil_scoped_acquire gil;
    const auto callable = py::reinterpret_borrow<py::object>(attrs_of<PyObject*>(node));
    const py::sequence results = callable(g, Tensor::alias(&node));
    for (std::size_t k = 0; k < node.input_count; ++k) {
      const py::object result = results[k];
      if (result.is_none() || !wants_gradient(node, k)) continue;
      gradients[k] = as_operand(node.op->info->name, result);
    }
  }
  static void destroy(void* attrs) {
    const py::gil_scoped_acquire gil;
    Py_DECREF(*static_cast<PyObject**>(attrs));
  }
};

// One row per name, kept for good: nodes point to them.
const OpRow& python_row(const std::string& name) {
  struct Named {
    std::string name;
    OpInfo info;
    OpRow row;
  };
  static auto* const rows = new std::map<std::string, std::unique_ptr<Named>>;
  auto& entry = (*rows)[name];
  if (!entry) {
    entry = std::make_unique<Named>(Named{name, {}, {}});
    entry->info = OpInfo{.name = entry->name, .saves = {Saved::Z, Saved::Z, Saved::Z}};
    entry->row =
        OpRow{.info = &entry->info, .vjp = PythonRule::vjp, .attrs_bytes = sizeof(PyObject*), .destroy_attrs = PythonRule::destroy};
  }
  return entry->row;
}

Tensor record_function(const std::string& name, const Tensor& output, const std::vector<Tensor>& inputs, py::object backward) {
  Tensor z = output.detach();
  std::vector<const Tensor*> list;
  for (const Tensor& x : inputs) list.push_back(&x);
  PyObject* callable = backward.ptr();
  record(z, python_row(name), list, &callable);
  if (z.requires_grad()) Py_INCREF(callable);
  return z;
}
// [/function]

void bind_flags(TensorClass& cls) {
  cls.def_property(
      "requires_grad", &Tensor::requires_grad, [](Tensor& x, bool on) { x.set_requires_grad(on); },
      "Whether what is computed from this is recorded, so that backward() can reach it.");
  cls.def(
      "requires_grad_",
      [](py::object self, bool on) {
        as_self(self).set_requires_grad(on);
        return self;
      },
      py::arg("requires_grad") = true, "Sets requires_grad; returns itself.");
  cls.def_property_readonly("is_leaf", &Tensor::is_leaf, "Whether no recorded op made this.");
  cls.def_property_readonly(
      "grad_fn", [](const Tensor& x) -> py::object { return x.is_leaf() ? py::object(py::none()) : py::cast(GradFn(x.cell())); },
      "The node of the graph that made this, with .name and .inputs; None for a leaf.");
  cls.def_property(
      "data", [](const Tensor& x) { return x.detach(); },
      [](Tensor& x, py::object value) {
        const NoGrad guard;
        x.store_(as_operand("data", value), "data");
      },
      "The same numbers outside the graph; assigning copies into them.");
  cls.def_property_readonly("_version", &Tensor::version, "How often the storage was changed in place; views and detach() share it.");
  cls.def("detach", &Tensor::detach, "The same numbers outside the graph; memory and version counter are shared.");
  cls.def("retain_grad", &Tensor::retain_grad, R"(Keep .grad of this interior tensor, too.

    >>> x = tg.tensor(3.0, requires_grad=True)
    >>> y = x * x
    >>> y.retain_grad()
    >>> (y * 2).backward()
    >>> y.grad, x.grad
    (tensor(2.), tensor(12.)))");
}

}  // namespace

void bind_autograd(py::module_& m, TensorClass& cls) {
  py::class_<GradFn>(m, "GradFn", "A node of the graph.")
      .def_property_readonly("name", &GradFn::name, "The op's name; 'leaf' for a leaf.")
      .def_property_readonly("shape", &GradFn::shape, "The shape of what it made.")
      .def_property_readonly("inputs", &GradFn::inputs, "The tracked inputs' nodes.")
      .def_property_readonly("id", &GradFn::id, "A number that tells this node from all others that are alive.")
      .def("__repr__", [](const GradFn& fn) { return "<" + fn.name() + ">"; });
  bind_flags(cls);
  cls.def(
      "backward",
      [](const Tensor& x, py::object gradient, std::optional<bool> retain_graph, bool create_graph,
         const std::optional<std::string>& order) {
        x.backward(maybe_tensor("backward", gradient), options_from(retain_graph, create_graph, order));
      },
      py::arg("gradient") = py::none(), py::arg("retain_graph") = py::none(), py::arg("create_graph") = false,
      py::arg("order") = py::none(),
      R"(Adds ∂self/∂leaf to every leaf's .grad. order: 'tape' (the default), 'stack' or 'recursive'.

    gradient is ∂loss/∂self, needed unless self has one element. The graph is freed unless retain_graph=True; with
    create_graph=True the gradients can be differentiated themselves.

    >>> w = tg.tensor([1.0, -2.0, 3.0], requires_grad=True)
    >>> (w * w).backward(gradient=tg.tensor([1.0, 10.0, 100.0]))
    >>> w.grad
    tensor([  2., -40., 600.]))");
  cls.def(
      "register_hook",
      [](Tensor& x, py::object hook) {
        if (!PyCallable_Check(hook.ptr()))
          throw TypeError(std::string("register_hook: a function of the gradient is needed, not ") + Py_TYPE(hook.ptr())->tp_name);
        const auto held = shared_object(std::move(hook));
        return x.register_hook([held](const Tensor& g) {
          const py::gil_scoped_acquire gil;
          return maybe_tensor("hook", (*held)(g));
        });
      },
      py::arg("hook"));
  cls.def("_remove_hook", &Tensor::remove_hook, py::arg("number"));
  m.def(
      "_grad",
      [](const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs, const std::vector<py::object>& grad_outputs,
         std::optional<bool> retain_graph, bool create_graph, bool allow_unused, const std::optional<std::string>& order) {
        std::vector<Tensor> seeds;
        for (const py::object& seed : grad_outputs) seeds.push_back(maybe_tensor("autograd.grad", seed));
        const auto found = gradients(outputs, inputs, seeds, options_from(retain_graph, create_graph, order), allow_unused);
        py::tuple results(found.size());
        for (std::size_t k = 0; k < found.size(); ++k) results[k] = optional_tensor(found[k]);
        return results;
      },
      py::arg("outputs"), py::arg("inputs"), py::arg("grad_outputs"), py::arg("retain_graph"), py::arg("create_graph"),
      py::arg("allow_unused"), py::arg("order"));
  m.def("_record_function", &record_function);
  m.def("is_grad_enabled", &grad_enabled, "Whether ops are being recorded on this thread.");
  m.def("_set_grad_enabled", &set_grad_enabled);
  m.def("_is_anomaly_enabled", &detect_anomaly);
  m.def("_set_anomaly_enabled", &set_detect_anomaly);
  set_call_site_provider([] {
    const py::gil_scoped_acquire gil;
    return py::cast<std::string>(py::module_::import("trigrad._call_site").attr("call_site")());
  });
}

}  // namespace trigrad
