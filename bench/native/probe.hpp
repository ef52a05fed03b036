// One matrix product, one addition or one update, alone and without Python around it: small ones would else be all binding.
//
//   {"verb":"probe","what":"backends"}                                                     →  {"backends":["packed",...],"chosen":"packed"}
//   {"verb":"probe","what":"product","shape":[m,n,k],"case":"NT","dtype":"float32","backend":"packed","weights":29,"n":100}  →  {"ns":12345}
//   {"verb":"probe","what":"move","bytes":1048576,"n":10}  →  {"ns":12345}
//   {"verb":"probe","what":"op_cost","elements":64,"length":100,"n":10}  →  {"forward_ns":50.0,"backward_ns":60.0}
//
// The product is x (m, k) · y (k, n); a T in the case says that x or y lies transposed in memory. "weights" says through how
// many different weights the repeats go: the weight is y, or in the case TN the result, its gradient. So the operands lie
// in the nearest cache that holds all of them, as in a network of so many layers. Read next: tensor_program.hpp.
#pragma once

#include "measure.hpp"
#include "protocol.hpp"

#include <trigrad/tensor.hpp>
#include <trigrad/tensor/gemm.hpp>
#include <trigrad/tensor/optim.hpp>

#include <vector>

namespace native {

inline std::int64_t time_product(const json& question) {
  const auto shape = question.at("shape").get<std::vector<std::int64_t>>();
  const auto which = question.at("case").get<std::string>();
  const auto dtype = question.at("dtype") == "float32" ? trigrad::DType::Float32 : trigrad::DType::Float64;
  const auto operand = [&](std::int64_t rows, std::int64_t columns, char how) {
    return how == 'T' ? trigrad::transpose(trigrad::ones({columns, rows}, dtype), 0, 1) : trigrad::ones({rows, columns}, dtype);
  };
  const std::size_t weights = question.value("weights", std::size_t{1}), repeats = question.at("n");
  const std::size_t rights = which == "TN" ? 1 : weights, results = which == "TN" ? weights : 1;
  const trigrad::Tensor x = operand(shape.at(0), shape.at(2), which.at(0));
  std::vector<trigrad::Tensor> ys, zs(results);
  for (std::size_t k = 0; k < rights; ++k) ys.push_back(operand(shape.at(2), shape.at(1), which.at(1)));
  const std::string before(trigrad::gemm_backend());
  trigrad::set_gemm_backend(question.value("backend", before));
  const trigrad::NoGrad guard;
  const std::int64_t start = now_ns();
  for (std::size_t k = 0; k < repeats; ++k) zs[k % zs.size()] = trigrad::matmul(x, ys[k % ys.size()]);
  const std::int64_t ns = now_ns() - start;
  trigrad::set_gemm_backend(before);
  return ns;
}

// An update with momentum, a third of the bytes each for parameter, gradient and velocity.
inline std::int64_t time_update(const json& question) {
  const std::int64_t numbers = std::max<std::int64_t>(1, question.at("bytes").get<std::int64_t>() / 12), repeats = question.at("n");
  const auto third = [&] { return trigrad::ones({numbers}, trigrad::DType::Float32); };
  const trigrad::Tensor p = third(), g = third(), v = third();
  const std::int64_t start = now_ns();
  for (std::int64_t k = 0; k < repeats; ++k) trigrad::optim::sgd_({&p, 1}, {&g, 1}, {&v, 1}, {.momentum = 0.9}, false);
  return now_ns() - start;
}

// Nanoseconds of an addition in a chain x + x + x + ..., recorded and then differentiated.
inline json time_additions(const json& question, trigrad::Order order) {
  const std::int64_t length = question.at("length"), n = question.at("n");
  const trigrad::Tensor x = trigrad::ones({question.at("elements").get<std::int64_t>()}, trigrad::DType::Float64).set_requires_grad();
  std::int64_t forward = 0, backward = 0;
  for (std::int64_t k = 0; k < n; ++k) {
    trigrad::Tensor(x).set_grad({});
    const std::int64_t start = now_ns();
    trigrad::Tensor y = x;
    for (std::int64_t i = 0; i < length; ++i) y = y + x;
    forward += now_ns() - start;
    const trigrad::Tensor loss = trigrad::sum(y);
    const std::int64_t before = now_ns();
    loss.backward({.order = order});
    backward += now_ns() - before;
  }
  const auto each = [&](std::int64_t ns) { return static_cast<double>(ns) / static_cast<double>(n * length); };
  return {{"forward_ns", each(forward)}, {"backward_ns", each(backward)}};
}

inline json answer_probe(const json& question, trigrad::Order order) {
  const auto what = question.at("what").get<std::string>();
  if (what == "backends") return {{"backends", trigrad::gemm_backends()}, {"chosen", trigrad::gemm_backend()}};
  if (what == "product") return {{"ns", time_product(question)}};
  if (what == "move") return {{"ns", time_update(question)}};
  if (what == "op_cost") return time_additions(question, order);
  throw ProtocolError("NotImplementedError: unknown probe '" + what + "'; known are backends, move, op_cost, product");
}

}  // namespace native
