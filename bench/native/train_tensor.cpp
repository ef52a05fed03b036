// One training step on the tensor engine, in the names of PyTorch's C++ frontend: nn, optim, data.
//
// Read before: train.hpp. Read beside: train_scalar.cpp.
#include "train.hpp"

#include <trigrad/tensor/data.hpp>
#include <trigrad/tensor/graph.hpp>
#include <trigrad/tensor/nn.hpp>
#include <trigrad/tensor/optim.hpp>

namespace train {
namespace {
using namespace trigrad;

std::vector<std::int64_t> sizes_of(const std::vector<std::size_t>& layers) { return {layers.begin(), layers.end()}; }

class TensorLearner : public Learner {
 public:
  TensorLearner(const Job& job, const Options& options, const Rows& rows, const Weights& weights)
      : job_(job),
        dtype_(options.dtype == "float64" ? DType::Float64 : DType::Float32),
        order_(parse_order(options.order)),
        model_(sizes_of(job.layers), {}, dtype_),
        optimizer_(model_.parameters(), {.lr = options.lr, .momentum = options.momentum}),
        batches_({inputs(rows), targets(rows)},
                 {.batch_size = static_cast<std::int64_t>(options.batch_size ? options.batch_size : rows.size()),
                  .shuffle = options.shuffle,
                  .seed = Draw::key(options.seed, Draw::Order)}) {
    const NoGrad guard;
    std::size_t k = 0;
    for (Tensor& parameter : model_.parameters()) parameter.copy_(tensor(weights[k], parameter.shape(), dtype_)), ++k;
  }

  Figures epoch(const std::function<double()>& next_rate) override {
    Figures figures;
    for (const auto& batch : batches_) {
      const Tensor scores = model_(batch[0]), loss = loss_of(scores, batch[1]);
      add(figures, loss.item() + penalty(), scores, batch[1]);
      optimizer_.zero_grad();
      loss.backward({.order = order_});
      optimizer_.set_lr(next_rate());
      optimizer_.step();
    }
    return figures;
  }

  Figures look(const Rows& rows) override {
    const NoGrad guard;
    const Tensor y = targets(rows), scores = model_(inputs(rows));
    Figures figures;
    add(figures, loss_of(scores, y).item() + penalty(), scores, y);
    return figures;
  }

 private:
  Tensor inputs(const Rows& rows) const {
    return tensor(rows.x, {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows.width)}, dtype_);
  }
  Tensor targets(const Rows& rows) const {
    const auto n = static_cast<std::int64_t>(rows.size());
    return job_.loss == Loss::Nll ? tensor(rows.y, {n}, DType::Int64) : tensor(rows.y, {n, 1}, dtype_);
  }
  Tensor loss_of(const Tensor& scores, const Tensor& y) const {
    if (job_.loss == Loss::Nll) return nll_loss(log_softmax(scores, 1), y);
    return job_.loss == Loss::Hinge ? hinge_loss(scores, y) : mse_loss(scores, y);
  }
  double penalty() const {
    if (job_.l2 == 0) return 0;
    const NoGrad guard;
    double squares = 0;
    for (const Tensor& p : model_.parameters()) squares += sum(square(p)).item();
    return job_.l2 * squares;
  }
  void add(Figures& figures, double loss, const Tensor& scores, const Tensor& y) const {
    const NoGrad guard;
    const auto n = static_cast<std::size_t>(scores.size(0));
    figures.loss += loss * static_cast<double>(n);
    figures.rows += n;
    if (job_.loss == Loss::Nll) figures.right += static_cast<std::size_t>(sum(argmax(scores, 1) == y).item());
    if (job_.loss == Loss::Hinge) figures.right += static_cast<std::size_t>(sum((scores > 0.0) == (y > 0.0)).item());
  }

  Job job_;
  DType dtype_;
  Order order_;
  nn::MLP model_;
  optim::SGD optimizer_;
  data::DataLoader batches_;
};

}  // namespace

std::unique_ptr<Learner> tensor_learner(const Job& job, const Options& options, const Rows& rows, const Weights& weights) {
  return std::make_unique<TensorLearner>(job, options, rows, weights);
}

}  // namespace train
