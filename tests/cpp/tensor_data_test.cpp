// Batches: which rows come when.

#include "tensor_testing.hpp"

#include <trigrad/tensor/data.hpp>

namespace trigrad::testing {
namespace {

using Rows = std::vector<std::vector<double>>;

Rows epoch(data::DataLoader& loader, std::size_t which = 0) {
  Rows rows;
  for (const auto& batch : loader) rows.push_back(numbers(batch[which]));
  return rows;
}

TEST(TensorData, InOrder) {
  const Tensor x = arange(0, 7), y = arange(0, 14) * 10.0;
  data::DataLoader loader({x, reshape(y, {7, 2})}, {.batch_size = 3});
  EXPECT_EQ(loader.size(), 3);
  EXPECT_EQ(epoch(loader), (Rows{{0, 1, 2}, {3, 4, 5}, {6}}));
  EXPECT_EQ(epoch(loader, 1)[2], (std::vector<double>{120, 130}));
  data::DataLoader whole({x}, {.batch_size = 3, .drop_last = true});
  EXPECT_EQ(whole.size(), 2);
  EXPECT_EQ(epoch(whole), (Rows{{0, 1, 2}, {3, 4, 5}}));
  for (const auto& batch : loader) EXPECT_EQ(batch[0].cell()->storage, x.cell()->storage) << "without shuffling, views";
}

// The same numbers as list(DataLoader(TensorDataset(tg.arange(7)), batch_size=3, shuffle=True, seed=3)), twice.
TEST(TensorData, ShuffledAsInPython) {
  const Tensor x = arange(0, 7);
  data::DataLoader loader({x, x * 2.0}, {.batch_size = 3, .shuffle = true, .seed = 3});
  const Rows first = epoch(loader), second = epoch(loader);
  EXPECT_EQ(first, (Rows{{5, 4, 3}, {6, 0, 2}, {1}}));
  EXPECT_EQ(second, (Rows{{3, 6, 0}, {1, 2, 5}, {4}}));
  for (const auto& batch : loader) EXPECT_EQ(numbers(batch[0] * 2.0), numbers(batch[1])) << "rows stay together";
}

TEST(TensorData, AnEpochInsideOfAnother) {
  const Tensor x = arange(0, 7);
  data::DataLoader loader({x}, {.batch_size = 3, .shuffle = true, .seed = 3});
  Rows outer;
  for (const auto& batch : loader) {
    outer.push_back(numbers(batch[0]));
    EXPECT_EQ(epoch(loader).size(), 3u);
  }
  EXPECT_EQ(outer, (Rows{{5, 4, 3}, {6, 0, 2}, {1}})) << "its own order, to its end";
}

TEST(TensorData, RowsOfEveryKind) {
  Generator generator(9);
  const std::vector<std::int64_t> order = [&] {
    const Tensor drawn = randperm(5, &generator);
    return std::vector(drawn.data<std::int64_t>(), drawn.data<std::int64_t>() + 5);
  }();
  const Tensor matrix = randn({5, 2, 3}), turned = transpose(randn({4, 5}), 0, 1), tracked = randn({5, 2}).set_requires_grad();
  data::DataLoader loader({matrix, turned, matrix > 0.0, tracked}, {.batch_size = 2, .shuffle = true, .seed = 9});
  std::size_t row = 0;
  for (const auto& batch : loader) {
    for (std::int64_t k = 0; k < batch[0].size(0); ++k, ++row) {
      EXPECT_TRUE(same_bits(select(batch[0], 0, k), select(matrix, 0, order[row])));
      EXPECT_TRUE(same_bits(select(batch[1], 0, k), select(turned, 0, order[row])));
      EXPECT_TRUE(same_bits(select(batch[2], 0, k), select(matrix > 0.0, 0, order[row])));
    }
    EXPECT_TRUE(batch[3].requires_grad()) << "gradients reach tracked rows";
  }
  EXPECT_EQ(row, 5u);
}

TEST(TensorData, Errors) {
  expect_error<ValueError>("TensorDataset: needs at least one tensor", [] { data::DataLoader({}); });
  expect_error<ShapeError>("Size mismatch between tensors: (2,), (3, 2)", [] { data::DataLoader({ones({2}), ones({3, 2})}); });
  expect_error<TypeError>("TensorDataset: needs tensors of at least 1 dim, not a 0-dim tensor", [] { data::DataLoader({ones({})}); });
  expect_error<ValueError>("batch_size should be a positive integer value, but got batch_size=0",
                           [] { data::DataLoader({ones({2})}, {.batch_size = 0}); });
  expect_error<ValueError>("num_samples should be a positive integer value, but got num_samples=0",
                           [] { data::DataLoader({ones({0, 2})}, {.shuffle = true}); });
  data::DataLoader nothing({ones({0, 2})}, {.batch_size = 4});
  EXPECT_EQ(epoch(nothing).size(), 0u);
}

}  // namespace
}  // namespace trigrad::testing
