// Counts: right with a lock and without, and locked as soon as there is a second thread.
#include "tensor_testing.hpp"

#include <thread>
#include <vector>

namespace trigrad::testing {
namespace {

void expect_right_counts() {
  Tensor x = randn({2}, DType::Float64);
  const auto counts = [&] { return x.cell()->counts.get(); };
  EXPECT_EQ(counts(), kRef | kHold);
  {
    const Tensor y = x, z = x.detach();
    EXPECT_EQ(counts(), 2 * (kRef | kHold));
    EXPECT_EQ(x.cell()->storage->refs.get(), 2u);
  }
  EXPECT_EQ(counts(), kRef | kHold);
  EXPECT_EQ(x.cell()->storage->refs.get(), 1u);

  x.set_requires_grad();
  Tensor h = x + 1.0, y = h + 1.0;  // the sum needs the node h, but not its numbers
  Cell* const node = h.cell();
  EXPECT_EQ(node->counts.get(), 2 * kRef | kHold);
  h = Tensor();
  EXPECT_EQ(node->counts.get(), kRef);
  EXPECT_EQ(node->storage, nullptr) << "whoever let go of the last hold gave the numbers back";
  EXPECT_EQ(counts(), 2 * kRef | kHold);
  y = Tensor();
  EXPECT_EQ(counts(), kRef | kHold);
}

TEST(TensorCounts, AreRightWithALockAndWithout) {
  expect_right_counts();  // without, where the C library knows that this thread is alone
  in_thread([] {
    EXPECT_FALSE(nobody_interferes());
    expect_right_counts();
  });
  expect_right_counts();
}

TEST(TensorCounts, NoneIsLostBetweenThreads) {
  const Tensor x = randn({2}, DType::Float64);
  std::vector<std::thread> threads;
  for (int k = 0; k < 4; ++k)
    threads.emplace_back([&] {
      for (int n = 0; n < 20'000; ++n) {
        const Tensor mine = x, view = x.detach();
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(x.cell()->counts.get(), kRef | kHold);
  EXPECT_EQ(x.cell()->storage->refs.get(), 1u);
}

}  // namespace
}  // namespace trigrad::testing
