// Every error that a C++ user can cause: its exact type and its exact text. The Python suite demands the same texts of
// every engine (tests/conformance/error_texts.py).

#include "tensor_testing.hpp"

#include <trigrad/tensor/pool.hpp>

#include <limits>

namespace trigrad::testing {
namespace {

Tensor z(const Dims& shape, DType dtype = DType::Float32) { return zeros(shape, dtype); }
Tensor g(const Dims& shape) { return ones(shape).set_requires_grad(); }
Tensor i(std::initializer_list<double> values) { return tensor(values, {static_cast<std::int64_t>(values.size())}, DType::Int64); }

TEST(TensorErrors, Shapes) {
  expect_error<ShapeError>("add: shapes (2, 3) and (4, 3) do not broadcast: sizes 2 and 4 differ at dim -2", [] { z({2, 3}) + z({4, 3}); });
  expect_error<ShapeError>("mul: shapes (3,) and (2, 4) do not broadcast: sizes 3 and 4 differ at dim -1", [] { z({3}) * z({2, 4}); });
  expect_error<ShapeError>("maximum: shapes (0,) and (2,) do not broadcast: sizes 0 and 2 differ at dim -1",
                           [] { maximum(z({0}), z({2})); });
  expect_error<ShapeError>("where: shapes (2, 2) and (3,) do not broadcast: sizes 2 and 3 differ at dim -1",
                           [] { where(z({2, 2}, DType::Bool), z({3}), z({3})); });
  expect_error<ShapeError>("matmul: shapes (2, 3) and (4, 5) do not multiply: inner sizes 3 and 4 differ",
                           [] { matmul(z({2, 3}), z({4, 5})); });
  expect_error<ShapeError>("matmul: shapes (3,) and (4,) do not multiply: inner sizes 3 and 4 differ", [] { matmul(z({3}), z({4})); });
  expect_error<ShapeError>("linear: input is (32, 64) but weight is (10, 128), which takes 128 features: 64 and 128 differ",
                           [] { linear(z({32, 64}), z({10, 128})); });
  expect_error<ShapeError>("reshape: shape (2, 3) has 6 elements, which do not fit (4, 2)", [] { reshape(z({2, 3}), {4, 2}); });
  expect_error<ShapeError>("dot: needs two 1-D tensors of one length, not (2, 3) and (3,)", [] { dot(z({2, 3}), z({3})); });
  expect_error<ShapeError>("outer: needs two 1-D tensors, not (2, 3) and (3,)", [] { outer(z({2, 3}), z({3})); });
  expect_error<ShapeError>("cat: shapes (2, 3) and (2, 4) differ at dim 1, not only at dim 0", [] {
    const Tensor list[] = {z({2, 3}), z({2, 4})};
    cat(list);
  });
  expect_error<ShapeError>("stack: shapes (2, 3) and (2, 4) differ", [] {
    const Tensor list[] = {z({2, 3}), z({2, 4})};
    stack(list);
  });
  expect_error<ShapeError>("expand: shape (2, 3) cannot expand to (4, 3): dim 0 has size 2", [] { expand(z({2, 3}), {4, 3}); });
  expect_error<ShapeError>("view: shape (3, 2) with strides (1, 3) cannot be seen as (6,) without a copy; use reshape",
                           [] { view(transpose(z({2, 3}), 0, 1), {6}); });
  expect_error<ShapeError>("mse_loss: input is (2, 3) but target is (2,)", [] { mse_loss(z({2, 3}), z({2})); });
  expect_error<ShapeError>("huber_loss: input is (3,) but target is (1,)", [] { huber_loss(z({3}), z({1})); });
  expect_error<ShapeError>("cross_entropy: input is (4, 5), so target must be (4,) class indices or (4, 5) probabilities, not (3,)",
                           [] { cross_entropy(z({4, 5}), i({0, 1, 2})); });
  expect_error<ShapeError>("a tensor has at most 8 dimensions", [] { z({1, 1, 1, 1, 1, 1, 1, 1, 1}); });
  expect_error<ShapeError>("tensor: 2 values do not fit shape (3,)", [] { tensor({1, 2}, {3}); });
}

TEST(TensorErrors, AxesAndIndices) {
  expect_error<IndexError>("sum: dim 2 is out of range for shape (2, 3): use -2 to 1", [] { sum(z({2, 3}), {2}); });
  expect_error<IndexError>("softmax: dim -3 is out of range for shape (2, 3): use -2 to 1", [] { softmax(z({2, 3}), -3); });
  expect_error<IndexError>("getitem: index 5 is out of range for dim 0 with size 3", [] { select(z({3}), 0, 5); });
  expect_error<IndexError>("getitem: index -4 is out of range for dim 0 with size 3", [] { select(z({3}), 0, -4); });
  expect_error<IndexError>("getitem: index 7 is out of range for dim 1 with size 3", [] { select(z({2, 3}), 1, 7); });
  expect_error<IndexError>("getitem: index 9 is out of range for dim 0 with size 3", [] {
    const Tensor at = i({0, 9});
    index_positions(z({3}), {&at, 1});
  });
  expect_error<IndexError>("embedding: index 7 is out of range for size 5", [] { embedding(i({0, 7}), z({5, 2})); });
  expect_error<IndexError>("index_select: index 7 is out of range for size 5", [] { index_select(z({5, 2}), 0, i({7})); });
  expect_error<IndexError>("gather: index 5 is out of range for size 5", [] { gather(z({5, 1}), 0, reshape(i({5}), {1, 1})); });
  expect_error<IndexError>("cross_entropy: index 5 is out of range for size 5", [] { cross_entropy(z({2, 5}), i({0, 5})); });
  expect_error<IndexError>("nll_loss: index -1 is out of range for size 5", [] { nll_loss(z({2, 5}), i({0, -1})); });
}

TEST(TensorErrors, Types) {
  const auto f = DType::Float32, d = DType::Float64;
  expect_error<DTypeError>("matmul: dtypes float32 and float64 differ; convert one with .to()",
                           [&] { matmul(z({2, 3}, f), z({3, 2}, d)); });
  expect_error<DTypeError>("linear: dtypes float32 and float64 differ; convert one with .to()",
                           [&] { linear(z({2, 3}, f), z({2, 3}, d)); });
  expect_error<DTypeError>("mse_loss: dtypes float32 and float64 differ; convert one with .to()", [&] { mse_loss(z({3}, f), z({3}, d)); });
  expect_error<DTypeError>("requires_grad: only floating-point tensors can require gradients, not int64",
                           [] { i({1, 2}).set_requires_grad(); });
  expect_error<DTypeError>("mean: needs a floating-point tensor, not int64; convert it with .float() or .double()",
                           [] { mean(i({1, 2})); });
  expect_error<DTypeError>("softmax: needs a floating-point tensor, not int64; convert it with .float() or .double()",
                           [] { softmax(i({1, 2}), 0); });
  expect_error<DTypeError>("add_: a float32 result cannot be stored in an int64 tensor", [] { i({1, 2}).add_(z({2})); });
  expect_error<DTypeError>("set_default_dtype: needs float32 or float64, not int64", [] { set_default_dtype(DType::Int64); });
}

TEST(TensorErrors, Values) {
  expect_error<ValueError>("item: a tensor of shape (3,) has 3 elements, not one", [] { z({3}).item(); });
  expect_error<ValueError>("item: a tensor of shape (0,) has 0 elements, not one", [] { z({0}).item(); });
  expect_error<ValueError>("max: shape (0,) has no elements to choose from", [] { max(z({0})); });
  expect_error<ValueError>("argmin: shape (0,) has no elements to choose from", [] { argmin(z({0})); });
  expect_error<ValueError>("topk: k=5 is out of range for dim 0 with size 3", [] { topk(z({3}), 5); });
  expect_error<ValueError>("mse_loss: reduction 'avg' is not one of 'mean', 'sum', 'none'", [] { parse_reduction("mse_loss", "avg"); });
  expect_error<ValueError>("backward: order 'x' is not one of 'tape', 'stack', 'recursive'", [] { parse_order("x"); });
  for (const Order order : kOrders) EXPECT_EQ(parse_order(testing::name_of(order)), order);
}

TEST(TensorErrors, EinsumNamesItsEquation) {
  const Tensor pair[] = {z({2, 3}), z({4, 5})};
  for (const char* equation : {"ij,jk->ik", "ij->i", "ij,k->ik", "i?,jk->ik", "ij,kl->im"}) {
    try {
      einsum(equation, pair);
      ADD_FAILURE() << equation << " was accepted";
    } catch (const ValueError& error) {
      EXPECT_EQ(std::string(error.what()).rfind("einsum: ", 0), 0u) << error.what();
    }
  }
}

TEST(TensorErrors, Backward) {
  expect_error<GraphError>(
      "backward: the output has shape (3,), not one element; pass gradient= of that shape, or reduce it first (for example with .sum())",
      [] { (g({3}) * 2.0).backward(); });
  expect_error<GraphError>("backward: this graph was already freed by an earlier backward; pass retain_graph=True to the first one", [] {
    const Tensor y = sum(g({3}) * 2.0);
    y.backward();
    y.backward();
  });
  expect_error<GraphError>("backward: the output does not require grad: nothing it was computed from has requires_grad=True",
                           [] { sum(z({3})).backward(); });
  expect_error<ShapeError>("backward: gradient has shape (2,) but the output has shape (3,)", [] { (g({3}) * 2.0).backward(z({2}), {}); });
  expect_error<GraphError>("autograd.grad: input 1 was not used to compute the outputs; pass allow_unused=True to get None for it", [] {
    const Tensor inputs[] = {g({3}), g({3})};
    const Tensor y = sum(inputs[0]);
    gradients({&y, 1}, inputs, {}, {}, false);
  });
}

TEST(TensorErrors, SavedValuesThatWereChanged) {
  // By the saved tensor itself, by a view of it, by detach(), and the saved output of exp.
  const std::function<void(Tensor&, Tensor&)> changes[] = {
      [](Tensor& x, Tensor&) { x.add_(1.0); },
      [](Tensor& x, Tensor&) { slice(x, 0, 0, 1, 1).fill_(3); },
      [](Tensor& x, Tensor&) { x.detach().zero_(); },
  };
  for (const auto& change : changes)
    expect_error<GraphError>(
        "backward: a tensor of shape (3,) that mul saved was changed in place: it had version 0 and now has 1; clone it before the change",
        [&] {
          Tensor x = g({3}), y = g({3});
          const Tensor loss = sum(x * y);
          const NoGrad guard;
          change(x, y);
          loss.backward();
        });
  expect_error<GraphError>(
      "backward: a tensor of shape (2,) that exp saved was changed in place: it had version 0 and now has 2; clone it before the change",
      [] {
        const Tensor y = exp(g({2}));
        const Tensor loss = sum(y);
        y.detach().mul_(2.0).add_(1.0);
        loss.backward();
      });
  Tensor x = g({3});
  const Tensor loss = sum(x + 1.0);  // add saves nothing, so the change is nobody's business
  x.detach().zero_();
  EXPECT_NO_THROW(loss.backward());
}

TEST(TensorErrors, InPlace) {
  const std::string leaf = ": a leaf that requires grad cannot be changed in place; do it inside no_grad()";
  const std::string tracked = ": a tensor that a graph tracks cannot be changed in place; write a = a + b, or change a detached clone";
  const std::pair<std::string, std::function<void(Tensor&)>> changes[] = {
      {"add_", [](Tensor& x) { x.add_(1.0); }},
      {"sub_", [](Tensor& x) { x.sub_(1.0); }},
      {"mul_", [](Tensor& x) { x.mul_(1.0); }},
      {"div_", [](Tensor& x) { x.div_(1.0); }},
      {"pow_", [](Tensor& x) { x.pow_(1.0); }},
      {"zero_", [](Tensor& x) { x.zero_(); }},
      {"fill_", [](Tensor& x) { x.fill_(1); }},
      {"copy_", [](Tensor& x) { x.copy_(z({3})); }},
      {"setitem", [](Tensor& x) { x.store_(z({3}), "setitem"); }},
  };
  for (const auto& [name, change] : changes) {
    Tensor x = g({3}), y = x * 2.0;
    expect_error<GraphError>(name + leaf, [&] { change(x); });
    expect_error<GraphError>(name + tracked, [&] { change(y); });
    EXPECT_EQ(numbers(x), (std::vector<double>{1, 1, 1})) << "a refused change changes nothing";
    EXPECT_EQ(x.version(), 0u);
    const NoGrad guard;
    EXPECT_NO_THROW(change(x));
  }
  expect_error<ShapeError>("add_: shape (2, 3) cannot expand to (3,): it has more dims", [] { z({3}).add_(z({2, 3})); });
}

TEST(TensorErrors, Anomalies) {
  set_detect_anomaly(true);
  expect_error<AnomalyError>("detect_anomaly: log gave NaN in its output, called at a place C++ does not record",
                             [] { log(full({2}, -1)); });
  expect_error<AnomalyError>("detect_anomaly: sqrt gave NaN in the gradient of its input 0; it was called at a place C++ does not record",
                             [] {
                               const Tensor x = full({1}, 0).set_requires_grad();
                               sum(sqrt(x) * 0.0).backward();
                             });
  set_detect_anomaly(false);
  EXPECT_NO_THROW(log(full({2}, -1)));
}

TEST(TensorErrors, LeavesAndGradients) {
  expect_error<ShapeError>("grad: a tensor of shape (3,) and dtype float32 cannot have a gradient of shape (2,) and dtype float32",
                           [] { g({3}).set_grad(z({2})); });
  expect_error<GraphError>("requires_grad: only a leaf can stop requiring gradients; use detach()",
                           [] { (g({3}) * 2.0).set_requires_grad(false); });
  expect_error<GraphError>("retain_grad: this tensor does not require grad", [] { z({3}).retain_grad(); });
  expect_error<GraphError>("register_hook: this tensor does not require grad",
                           [] { z({3}).register_hook([](const Tensor&) { return Tensor(); }); });
  expect_error<ShapeError>("hook: it returned shape (2,) for a gradient of shape (3,)", [] {
    Tensor x = g({3});
    x.register_hook([](const Tensor&) { return z({2}); });
    sum(x).backward();
  });
}

TEST(TensorErrors, PartsOfNothingAndBeyondTheEnd) {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const auto no_dim = [](const std::string& op) { return op + ": a 0-dim tensor has no dim to take a part of"; };
  expect_error<IndexError>(no_dim("slice"), [] { slice(z({}), 0, 0, 1, 1); });
  expect_error<IndexError>(no_dim("narrow"), [] { narrow(z({}), 0, 0, 1); });
  expect_error<IndexError>(no_dim("getitem"), [] { select(z({}), 0, 0); });
  expect_error<IndexError>("flip: dim 2 is out of range for shape (2, 3): use -2 to 1", [] { flip(z({2, 3}), 2); });
  expect_error<IndexError>("narrow: start 1 and length 9223372036854775807 are out of range for dim 0 with size 5",
                           [&] { narrow(z({5}), 0, 1, most); });
  EXPECT_EQ(slice(i({1, 2, 3}), 0, 0, 3, most).numel(), 1) << "the first element";
  EXPECT_EQ(flip(i({1, 2, 3}), -1).data<std::int64_t>()[flip(i({1, 2, 3}), -1).strides()[0] * 2], 1);
  EXPECT_EQ(flip(z({}), 0).ndim(), 0);
}

TEST(TensorErrors, SizesBeyondMemoryLeaveNothingBehind) {
  const std::int64_t wide = std::int64_t{1} << 32;
  const PoolCounters before = pool_counters();
  EXPECT_THROW(z({wide, wide}), OutOfMemory);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which end the process there
  EXPECT_THROW(z({wide << 13}), std::bad_alloc) << "2^45 numbers: the pool has a class for them, and the system no memory";
#endif
  expect_error<ShapeError>("reshape: (4294967296, 4294967296) has more elements than can be counted",
                           [&] { reshape(z({0}), {wide, wide}); });
  expect_error<ShapeError>("expand: (4294967296, 4294967296) has more elements than can be counted", [&] { expand(z({1}), {wide, wide}); });
  EXPECT_EQ(pool_counters().live_bytes, before.live_bytes);
}

}  // namespace
}  // namespace trigrad::testing
