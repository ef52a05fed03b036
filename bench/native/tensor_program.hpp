// A workload on the tensor engine: leaves, batches prepared outside the clock, the engine's own optimisers.
//
// Read before: tensor_model.hpp, runner.hpp. Read next: tensor.cpp.
#pragma once

#include "probe.hpp"
#include "tensor_model.hpp"

#include <memory>
#include <trigrad/tensor/optim.hpp>
#include <trigrad/tensor/parallel.hpp>
#include <trigrad/tensor/pool.hpp>
#include <unordered_set>

namespace native {

class TensorProgram {
 public:
  static inline trigrad::Order order = trigrad::Order::Tape;  // one per process, from the command line
  static inline std::string order_name = "tape";

  static json info() {
    return {{"name", "native.tensor_cpp." + order_name},
            {"version", TRIGRAD_VERSION},
            {"blas", trigrad::gemm_backend()},
            {"threads", trigrad::num_threads()}};
  }
  static void set_threads(int n) { trigrad::set_num_threads(n); }
  static std::string supports(const Workload& /*w*/, const std::string& dtype) {
    return dtype == "float32" || dtype == "float64" ? "" : "the engine computes in float32 and float64, not " + dtype;
  }

  static json probe(const json& question) { return answer_probe(question, order); }

  TensorProgram(const Workload& w, const Inputs& in, const std::string& dtype)
      : workload_(w), in_(in), dtype_(dtype == "float32" ? DType::Float32 : DType::Float64) {
    trigrad::set_default_dtype(dtype_);  // of the constants in the formulas
    for (const auto& [name, array] : in.parameters) {
      initial_.push_back(to_tensor(array, dtype_));
      parameters_.emplace_back(name, trigrad::clone(initial_.back()).set_requires_grad());
    }
    model_ = std::make_unique<TensorModel>(workload_, parameters_);
    for (std::size_t k = 0; k < in.span(); ++k) batches_.push_back(graphs_of(in.batch(k)));
    reset();
  }

  void reset() {
    loss_ = Tensor();
    {
      const trigrad::NoGrad guard;
      for (std::size_t k = 0; k < initial_.size(); ++k) parameters_[k].second.copy_(initial_[k]);
    }
    clear();
    optimizer_ = make_optimizer();
  }
  void clear() {
    for (auto& [name, p] : parameters_) p.set_grad({});
    if (workload_.x_requires_grad)
      for (TensorBatch& batch : batches_[0]) batch.x.set_grad({});
  }

  void forward(std::size_t step) {
    const bool kept = step < batches_.size();
    if (!kept) late_ = graphs_of(in_.batch(step));
    const std::vector<TensorBatch>& graphs = kept ? batches_[step] : late_;
    Tensor total = model_->loss(graphs[0]);
    for (std::size_t k = 1; k < graphs.size(); ++k) total = total + model_->loss(graphs[k]);
    if (graphs.size() > 1) total = total * (1.0 / static_cast<double>(graphs.size()));
    if (workload_.l2 != 0 && workload_.l2_gradient)
      for (const auto& [name, p] : parameters_) total = total + trigrad::sum(square(p)) * workload_.l2;
    loss_ = std::move(total);
    penalty_ = workload_.l2 != 0 && !workload_.l2_gradient ? workload_.l2 * sum_of_squares() : 0.0;
  }
  void backward() { loss_.backward({.order = order}); }
  void update(std::size_t step) {
    if (!optimizer_) return;
    optimizer_->set_lr(in_.lr(step));
    optimizer_->step();
  }

  double loss() const { return loss_.item() + penalty_; }
  void add_gradients(Bundle& bundle) const {
    for (std::size_t k = 0; k < parameters_.size(); ++k)
      bundle.add("grad/" + parameters_[k].first, in_.parameters[k].second.shape, numbers_of(parameters_[k].second));
    if (!workload_.x_requires_grad) return;
    std::vector<double> all;
    for (const TensorBatch& batch : batches_[0]) {
      const std::vector<double> part = numbers_of(batch.x);
      all.insert(all.end(), part.begin(), part.end());
    }
    bundle.add("grad/x", in_.batch(0).x.shape, std::move(all));
  }

  json counters(auto&& grad) {
    clear();
    forward(0);
    const auto [nodes, tensors] = graph_size(loss_.cell());
    backward();
    trigrad::pool_reset_peak();
    const trigrad::PoolCounters before = trigrad::pool_counters();
    grad();
    const trigrad::PoolCounters after = trigrad::pool_counters();
    return {{"nodes", nodes},
            {"tensors", tensors},
            {"allocations", after.system_calls - before.system_calls},
            {"peak_live_bytes", after.peak_bytes - before.live_bytes}};  // of this pass; parameters and data are not in it
  }

 private:
  std::vector<TensorBatch> graphs_of(const Batch& batch) const {
    TensorBatch whole{batch.x.shape.empty() ? Tensor() : to_tensor(batch.x, dtype_), {}, {}};
    for (const Array& mask : batch.masks) whole.masks.push_back(to_tensor(mask, dtype_));
    for (const auto& [name, array] : batch.targets) whole.targets.emplace_back(name, to_tensor(array, dtype_));
    std::vector<TensorBatch> graphs{whole};
    if (workload_.per_sample) {  // every row is a graph of its own
      graphs.clear();
      const auto row = [](const Tensor& t, std::size_t k) {
        return trigrad::contiguous(trigrad::narrow(t, 0, static_cast<std::int64_t>(k), 1));
      };
      for (std::size_t k = 0; k < batch.rows; ++k) {
        TensorBatch& one = graphs.emplace_back(TensorBatch{row(whole.x, k), {}, {}});
        for (const Tensor& mask : whole.masks) one.masks.push_back(row(mask, k));
        for (const auto& [name, target] : whole.targets) one.targets.emplace_back(name, row(target, k));
      }
    }
    if (workload_.x_requires_grad)
      for (TensorBatch& one : graphs) one.x.set_requires_grad();
    return graphs;
  }

  std::unique_ptr<trigrad::optim::Optimizer> make_optimizer() const {
    const OptimizerSpec& o = workload_.optimizer;
    std::vector<Tensor> all;
    for (const auto& [name, p] : parameters_) all.push_back(p);
    if (o.kind == "sgd")
      return std::make_unique<trigrad::optim::SGD>(
          all, trigrad::optim::SGDOptions{.lr = o.lr, .momentum = o.momentum, .weight_decay = o.weight_decay});
    if (o.kind == "adam")
      return std::make_unique<trigrad::optim::Adam>(
          all, trigrad::optim::AdamOptions{.lr = o.lr, .betas = o.betas, .eps = o.eps, .weight_decay = o.weight_decay});
    if (o.kind == "adamw")
      return std::make_unique<trigrad::optim::AdamW>(
          all, trigrad::optim::AdamWOptions{.lr = o.lr, .betas = o.betas, .eps = o.eps, .weight_decay = o.weight_decay});
    return nullptr;
  }

  double sum_of_squares() const {
    const trigrad::NoGrad guard;
    double total = 0;
    for (const auto& [name, p] : parameters_) total += trigrad::sum(square(p)).item();
    return total;
  }

  static std::vector<double> numbers_of(const Tensor& leaf) {
    if (!leaf.grad().defined()) return std::vector<double>(static_cast<std::size_t>(leaf.numel()));
    const Tensor g = trigrad::to_dtype(trigrad::contiguous(leaf.grad().detach()), DType::Float64);
    return {g.data<double>(), g.data<double>() + g.numel()};
  }

  // Operations, and tensors in all, that the root was computed from.
  static std::pair<std::size_t, std::size_t> graph_size(const trigrad::Cell* root) {
    std::unordered_set<const trigrad::Cell*> seen{root};
    std::vector<const trigrad::Cell*> open{root};
    std::size_t nodes = 0;
    while (!open.empty()) {
      const trigrad::Cell* const cell = open.back();
      open.pop_back();
      nodes += !cell->is_leaf();
      for (const trigrad::Cell* const input : cell->input_cells())
        if (input && seen.insert(input).second) open.push_back(input);
    }
    return {nodes, seen.size()};
  }

  const Workload& workload_;
  const Inputs& in_;
  DType dtype_;
  std::vector<Tensor> initial_;
  std::vector<std::pair<std::string, Tensor>> parameters_;
  std::unique_ptr<TensorModel> model_;
  std::vector<std::vector<TensorBatch>> batches_;  // by step; a list of graphs each
  std::vector<TensorBatch> late_;
  std::unique_ptr<trigrad::optim::Optimizer> optimizer_;
  Tensor loss_;
  double penalty_ = 0;
};

}  // namespace native
