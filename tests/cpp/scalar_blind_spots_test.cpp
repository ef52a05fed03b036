// Faults of the tape that nothing else saw: written because a planted fault (tests/mutants) had survived.

#include <trigrad/scalar.hpp>

#include <gtest/gtest.h>

namespace trigrad {
namespace {

TEST(ScalarBlindSpots, RewindGivesTheSameIdsAgain) {
  OwnedTape tape;
  const NodeId x = tape.leaf();
  const Tape::Mark start = tape.mark();
  const NodeId first = tape.push(kForeignOp, x, 2.0);
  for (int step = 0; step < 3; ++step) {
    tape.rewind(start);
    EXPECT_EQ(tape.size(), x + std::size_t{1});
    EXPECT_EQ(tape.push(kForeignOp, x, 3.0), first);
    tape.backward(first);
    EXPECT_EQ(tape.adjoint(x), 3.0 * (step + 1));
  }
}

}  // namespace
}  // namespace trigrad
