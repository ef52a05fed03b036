// A workload on a library that records scalars: one recording, one sweep and one update per step.
//
// On top of what scalar_model.hpp asks for, a Library has
//   L(count)                     a recording of that many variables, the parameters (and x, where its gradient is wanted)
//   span<Number> start(values)   forgets what was recorded; the variables get these values
//   double finish(loss)          ends the recording
//   void reverse(gradient)       ∂loss/∂variables
//   counts()                     what is known about one recording: nodes, bytes_allocated, ...
// and json info().
//
// Read before: scalar_model.hpp, runner.hpp. Read next: scalar.cpp.
#pragma once

#include "fused_optimizer.hpp"
#include "scalar_model.hpp"

namespace native {

template <class L>
class ScalarProgram {
 public:
  static json info() {
    json found = L::info();
    found["threads"] = 1;
    return found;
  }
  static void set_threads(int /*n*/) {}  // a tape is written by one thread

  static std::string supports(const Workload& w, const std::string& dtype) {
    if (dtype != "float64") return "scalars are computed in float64 only";
    // A multiplication and an addition take 32 to 64 bytes on a tape.
    constexpr std::size_t kMost = 16'000'000;
    if (const std::size_t count = w.products(std::max<std::size_t>(w.rows, 1)); count > kMost)
      return "one pass would record " + std::to_string(count / 1'000'000) + " million multiplications, about " +
             std::to_string(count / 20'000'000) + " GB";
    return "";
  }

  ScalarProgram(const Workload& w, const Inputs& in, const std::string& /*dtype*/)
      : workload_(w), in_(in), model_(w, in), optimizer_(w.optimizer, count_of(in)) {
    for (const auto& [name, array] : in.parameters) initial_.insert(initial_.end(), array.numbers.begin(), array.numbers.end());
    for (std::size_t k = 0; k < in.span(); ++k) model_.check(batches_.emplace_back(in.batch(k)));
    values_ = initial_;
    if (w.x_requires_grad) values_.insert(values_.end(), batches_[0].x.numbers.begin(), batches_[0].x.numbers.end());
    gradient_.resize(values_.size());
    library_ = std::make_unique<L>(values_.size());
  }

  void reset() {
    std::copy(initial_.begin(), initial_.end(), values_.begin());
    optimizer_.reset();
  }
  void clear() {}  // reverse() overwrites

  void forward(std::size_t step) {
    const bool kept = step < batches_.size();
    if (!kept) model_.check(late_ = in_.batch(step));
    const Batch& batch = kept ? batches_[step] : late_;
    const std::size_t count = initial_.size();
    if (workload_.x_requires_grad)
      std::copy(batch.x.numbers.begin(), batch.x.numbers.end(), values_.begin() + static_cast<std::ptrdiff_t>(count));
    const auto variables = library_->start(values_);
    loss_ = library_->finish(model_.loss(variables.first(count), variables.subspan(count), batch));
    if (workload_.l2 != 0 && !workload_.l2_gradient) {
      double squares = 0;
      for (std::size_t k = 0; k < count; ++k) squares += values_[k] * values_[k];
      loss_ += workload_.l2 * squares;
    }
  }
  void backward() { library_->reverse(gradient_); }
  void update(std::size_t step) {
    const std::size_t count = initial_.size();
    optimizer_.step(std::span(values_).first(count), std::span<const double>(gradient_).first(count), in_.lr(step));
  }

  double loss() const { return loss_; }
  void add_gradients(Bundle& bundle) const {
    auto from = gradient_.begin();
    const auto add = [&](const std::string& name, const Array& like) {
      const auto to = from + static_cast<std::ptrdiff_t>(like.size());
      bundle.add("grad/" + name, like.shape, std::vector<double>(from, to));
      from = to;
    };
    for (const auto& [name, array] : in_.parameters) add(name, array);
    if (workload_.x_requires_grad) add("x", batches_[0].x);
  }

  json counters(auto&& grad) {
    grad();
    return library_->counts();
  }

 private:
  static std::size_t count_of(const Inputs& in) {
    std::size_t count = 0;
    for (const auto& [name, array] : in.parameters) count += array.size();
    return count;
  }

  const Workload& workload_;
  const Inputs& in_;
  ScalarModel<L> model_;
  FusedOptimizer optimizer_;
  std::vector<double> initial_, values_, gradient_;
  std::vector<Batch> batches_;
  Batch late_;
  std::unique_ptr<L> library_;
  double loss_ = 0;
};

}  // namespace native
