// The fused updates of the optimisers, one call for all parameters. Python's side: trigrad/tensor_cpp/_updates.py.

#include "tensor_binding.hpp"

#include <trigrad/tensor/optim.hpp>

namespace trigrad {
namespace {

// A list of tensors, None where there is none (a parameter without a gradient). None itself: no list.
std::vector<Tensor> tensors_from(const char* op, const char* what, const py::object& list) {
  std::vector<Tensor> tensors;
  if (list.is_none()) return tensors;
  if (!PyList_Check(list.ptr()) && !PyTuple_Check(list.ptr()))
    throw TypeError(std::string(op) + ": " + what + " must be a list of tensors, not " + Py_TYPE(list.ptr())->tp_name);
  const auto count = static_cast<std::size_t>(PySequence_Fast_GET_SIZE(list.ptr()));
  tensors.reserve(count);
  for (std::size_t k = 0; k < count; ++k) {
    const py::handle item = PySequence_Fast_GET_ITEM(list.ptr(), static_cast<Py_ssize_t>(k));
    py::detail::make_caster<Tensor> caster;
    if (item.is_none()) tensors.emplace_back();
    else if (caster.load(item, /*convert=*/false)) tensors.push_back(py::detail::cast_op<const Tensor&>(caster));
    else
      throw TypeError(std::string(op) + ": " + what + "[" + std::to_string(k) + "] must be a Tensor, not " + Py_TYPE(item.ptr())->tp_name);
  }
  return tensors;
}

}  // namespace

void bind_optim(py::module_& m) {
  m.def(
      "_sgd_",
      [](const py::object& parameters, const py::object& gradients, const py::object& velocities, double lr, double momentum,
         double dampening, double weight_decay, bool nesterov, bool maximize, bool first_step) {
        optim::sgd_(tensors_from("sgd_", "parameters", parameters), tensors_from("sgd_", "gradients", gradients),
                    tensors_from("sgd_", "velocities", velocities), {lr, momentum, dampening, weight_decay, nesterov, maximize},
                    first_step);
      },
      py::arg("parameters"), py::arg("gradients"), py::arg("velocities"), py::arg("lr"), py::arg("momentum"), py::arg("dampening"),
      py::arg("weight_decay"), py::arg("nesterov"), py::arg("maximize"), py::arg("first_step"));
  m.def(
      "_adam_",
      [](const py::object& parameters, const py::object& gradients, const py::object& first_moments, const py::object& second_moments,
         const py::object& max_second_moments, std::int64_t step, double lr, double beta1, double beta2, double eps, double weight_decay,
         bool decoupled, bool maximize) {
        optim::adam_(tensors_from("adam_", "parameters", parameters), tensors_from("adam_", "gradients", gradients),
                     tensors_from("adam_", "first_moments", first_moments), tensors_from("adam_", "second_moments", second_moments),
                     tensors_from("adam_", "max_second_moments", max_second_moments), step,
                     {.lr = lr, .betas = {beta1, beta2}, .eps = eps, .weight_decay = weight_decay, .maximize = maximize}, decoupled);
      },
      py::arg("parameters"), py::arg("gradients"), py::arg("first_moments"), py::arg("second_moments"), py::arg("max_second_moments"),
      py::arg("step"), py::arg("lr"), py::arg("beta1"), py::arg("beta2"), py::arg("eps"), py::arg("weight_decay"), py::arg("decoupled"),
      py::arg("maximize"));
}

}  // namespace trigrad
