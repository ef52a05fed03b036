// The fused updates of the optimisers, one call for all parameters of a group. What is remembered about a parameter lies
// in dictionaries, as in PyTorch: state[p]["momentum_buffer"]. Python's side: trigrad/tensor_cpp/_updates.py.

#include "tensor_binding.hpp"

#include <trigrad/tensor/optim.hpp>

#include <map>

namespace trigrad {
namespace {

// Parameters that one call of an update treats alike; what is remembered of each, side by side.
struct Part {
  std::vector<Tensor> parameters, gradients;
  std::array<std::vector<Tensor>, 3> remembered;
};

// Calls f(object, parameter, gradient) for each parameter that has a gradient.
template <class F>
void each_with_gradient(const char* op, const py::object& parameters, F f) {
  if (!PyList_Check(parameters.ptr()) && !PyTuple_Check(parameters.ptr()))
    throw TypeError(std::string(op) + ": parameters must be a list of tensors, not " + Py_TYPE(parameters.ptr())->tp_name);
  for (Py_ssize_t k = 0; k < PySequence_Fast_GET_SIZE(parameters.ptr()); ++k) {
    const auto parameter = py::reinterpret_borrow<py::object>(PySequence_Fast_GET_ITEM(parameters.ptr(), k));
    const Tensor* x = tensor_in(parameter);
    if (!x)
      throw TypeError(std::string(op) + ": parameters[" + std::to_string(k) + "] must be a Tensor, not " +
                      Py_TYPE(parameter.ptr())->tp_name);
    if (Tensor gradient = x->grad(); gradient.defined()) f(parameter, *x, std::move(gradient));
  }
}

// state[parameter], which starts empty.
py::dict own_state(const py::dict& state, const py::object& parameter) {
  if (PyObject* found = PyDict_GetItemWithError(state.ptr(), parameter.ptr())) return py::cast<py::dict>(py::handle(found));
  if (PyErr_Occurred()) throw py::error_already_set();
  py::dict own;
  state[parameter] = own;
  return own;
}

// own[name], undefined where that is missing or None.
Tensor recall(const py::dict& own, const py::str& name) {
  PyObject* const found = PyDict_GetItemWithError(own.ptr(), name.ptr());
  return found && found != Py_None ? as_self(found) : Tensor();
}

Tensor remember(const py::dict& own, const py::str& name, const Tensor& x) {
  own[name] = py::cast(x);
  return x;
}

void sgd(const py::object& parameters, const py::dict& state, const optim::SGDOptions& options) {
  const py::str name("momentum_buffer");
  Part first, later;
  each_with_gradient("sgd_", parameters, [&](const py::object& parameter, const Tensor& x, Tensor gradient) {
    Part* part = &later;
    if (options.momentum != 0) {
      const py::dict own = own_state(state, parameter);
      Tensor velocity = recall(own, name);
      if (!velocity.defined()) {
        part = &first;
        velocity = remember(own, name, zeros_of(x));
      }
      part->remembered[0].push_back(std::move(velocity));
    }
    part->parameters.push_back(x);
    part->gradients.push_back(std::move(gradient));
  });
  for (const Part* part : {&first, &later})
    if (!part->parameters.empty()) optim::sgd_(part->parameters, part->gradients, part->remembered[0], options, part == &first);
}

void adam(const py::object& parameters, const py::dict& state, const optim::AdamOptions& options, bool decoupled) {
  const py::str count("step"), names[] = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
  std::map<std::int64_t, Part> parts;  // by step: who has missed gradients is behind
  each_with_gradient("adam_", parameters, [&](const py::object& parameter, const Tensor& x, Tensor gradient) {
    const py::dict own = own_state(state, parameter);
    const std::int64_t step = 1 + (own.contains(count) ? own[count].cast<std::int64_t>() : 0);
    own[count] = step;
    Part& part = parts[step];
    for (std::size_t k = 0; k < (options.amsgrad ? 3 : 2); ++k) {
      Tensor moment = recall(own, names[k]);
      part.remembered[k].push_back(moment.defined() ? std::move(moment) : remember(own, names[k], zeros_of(x)));
    }
    part.parameters.push_back(x);
    part.gradients.push_back(std::move(gradient));
  });
  for (const auto& [step, part] : parts) {
    const auto& [first, second, max_second] = part.remembered;
    optim::adam_(part.parameters, part.gradients, first, second, max_second, step, options, decoupled);
  }
}

}  // namespace

void bind_optim(py::module_& m) {
  m.def(
      "_sgd_",
      [](const py::object& parameters, const py::dict& state, double lr, double momentum, double dampening, double weight_decay,
         bool nesterov, bool maximize) { sgd(parameters, state, {lr, momentum, dampening, weight_decay, nesterov, maximize}); },
      py::arg("parameters"), py::arg("state"), py::arg("lr"), py::arg("momentum"), py::arg("dampening"), py::arg("weight_decay"),
      py::arg("nesterov"), py::arg("maximize"), "One step of SGD. The velocity, \"momentum_buffer\", begins as the first gradient.");
  m.def(
      "_adam_",
      [](const py::object& parameters, const py::dict& state, double lr, double beta1, double beta2, double eps, double weight_decay,
         bool amsgrad, bool maximize,
         bool decoupled) { adam(parameters, state, {lr, {beta1, beta2}, eps, weight_decay, amsgrad, maximize}, decoupled); },
      py::arg("parameters"), py::arg("state"), py::arg("lr"), py::arg("beta1"), py::arg("beta2"), py::arg("eps"), py::arg("weight_decay"),
      py::arg("amsgrad"), py::arg("maximize"), py::arg("decoupled"),
      R"(One step of Adam, or with decoupled of AdamW: "step", "exp_avg", "exp_avg_sq" and "max_exp_avg_sq".)");
}

}  // namespace trigrad
