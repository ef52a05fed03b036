// The tape: every sweep against the plainest one on random graphs, what survives a second backward, and collection.
#include <trigrad/scalar.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <thread>
#include <vector>

namespace {
using namespace trigrad;

// Sums of products, node by node, with nothing kept in registers and nothing skipped.
std::vector<double> plain_sweep(const Tape& tape, NodeId root) {
  std::vector<double> adjoint(tape.size(), 0.0);
  adjoint[root] = 1.0;
  for (NodeId i = root; i >= Tape::kFirstId; --i) {
    const Node n = tape.node(i);
    const double g = adjoint[i];
    if (n.op == kSum) {
      for (const Term& t : tape.terms(n)) adjoint[t.id] += t.partial * g;
    } else {
      adjoint[n.a] += n.da * g;
      adjoint[n.b] += n.db * g;
    }
    adjoint[n.c] += g;
  }
  return adjoint;
}

// Nodes of every kind, with parents that prefer the neighbour: runs, chains, pairs, repeated parents, late leaves. Each
// shortcut of the sweep has the case that breaks it when it reads an adjoint too early: a parent that comes twice.
class RandomGraph {
 public:
  explicit RandomGraph(unsigned seed) : engine_(seed) {}

  void grow(Tape& tape, int nodes) {
    for (int k = 0; k < 3; ++k) tape.leaf();
    for (int k = 0; k < nodes; ++k) {
      switch (below(13)) {
        case 0:
          tape.leaf();
          break;
        case 1:
          tape.push(kForeignOp, parent(tape), partial());
          break;
        case 2:
          tape.push(kForeignOp, parent(tape), partial(), parent(tape), partial());
          break;
        case 3:
          tape.push(kForeignOp, parent(tape), 1.0, 0, 0.0, parent(tape));
          break;
        case 4:
          tape.push(kForeignOp, parent(tape), partial(), parent(tape), partial(), parent(tape));
          break;
        case 5:
          tape.push(kForeignOp, 0, 0.0, parent(tape), partial(), newest(tape));
          break;
        case 6: {
          const NodeId same = newest(tape);
          tape.push(kForeignOp, same, partial(), same, partial(), same);
          break;
        }
        case 7: {  // s = m + c right after m = ..., whose parents may be c; the second parent of s may be m or c
          const NodeId c = newest(tape);
          const NodeId m = tape.push(kForeignOp, parent(tape), partial(), parent(tape), partial(), below(3) ? 0 : parent(tape));
          tape.push(kForeignOp, m, below(2) ? 1.0 : partial(), below(3) ? 0 : parent(tape), partial(), c);
          break;
        }
        case 8:  // x = x a + b
          tape.push(kForeignOp, newest(tape), partial(), Tape::kFirstId, partial(), Tape::kFirstId + 1);
          break;
        case 9: {  // m = w · x and c + m, or m = c · x and m + y, which the sweep takes at once, and what only looks like it
          const NodeId c = newest(tape);
          const NodeId w = below(2) ? c : parent(tape);
          const NodeId m = below(3) ? tape.push(op_code<Mul>, w, partial(), parent(tape), partial()) : sum(tape);
          if (below(4) == 0) tape.push(kForeignOp, below(2) ? m : c, partial());
          const NodeId other = below(4) ? (below(2) ? c : 0) : parent(tape);
          below(2) ? tape.push_add(other, m) : tape.push_add(m, other);
          if (below(4) == 0) tape.push(kForeignOp, m, partial(), newest(tape), partial());  // m is needed once more
          break;
        }
        case 10:
          tape.push_add(parent(tape), parent(tape));
          break;
        case 11:
          tape.push(kMulAdd, parent(tape), partial(), parent(tape), partial(), below(3) ? newest(tape) : parent(tape));
          break;
        default:
          sum(tape);
      }
    }
  }

 private:
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(engine_); }
  double partial() { return below(5) == 0 ? 0.0 : std::uniform_real_distribution<double>(-1.2, 1.2)(engine_); }
  static NodeId newest(const Tape& tape) { return static_cast<NodeId>(tape.size() - 1); }
  NodeId parent(const Tape& tape) {
    if (below(8) == 0) return 0;
    const std::size_t made = tape.size() - Tape::kFirstId;
    const std::size_t back = below(2) ? 0 : below(std::min<std::size_t>(made, 12));
    return static_cast<NodeId>(tape.size() - 1 - back);
  }
  NodeId sum(Tape& tape) {
    const std::size_t count = below(4);
    Term* const terms = tape.reserve_terms(count);
    for (std::size_t t = 0; t < count; ++t) terms[t] = {partial(), parent(tape)};
    return tape.push_sum(count);
  }
  std::mt19937 engine_;
};

void expect_equal(const Tape& tape, const std::vector<double>& expected, unsigned seed) {
  for (NodeId id = Tape::kFirstId; id < tape.size(); ++id) {
    ASSERT_NEAR(tape.adjoint(id), expected[id], 1e-12 * (1 + std::abs(expected[id]))) << "seed " << seed << ", node " << id;
  }
}

// One tape for all graphs: below the leaves, which have no node, lie nodes of earlier graphs.
TEST(ScalarTape, SweepsAgreeWithThePlainOneOnRandomGraphs) {
  OwnedTape tape;
  const Tape::Mark empty = tape.mark();
  for (unsigned seed = 0; seed < 5000; ++seed) {
    tape.rewind(empty);
    RandomGraph(seed).grow(tape, 1 + static_cast<int>(seed % 60));
    const auto root = static_cast<NodeId>(tape.size() - 1);
    tape.backward(root);
    expect_equal(tape, plain_sweep(tape, root), seed);
    if (HasFatalFailure()) return;
  }
}

TEST(ScalarTape, SweepsAgreeWhereverTheyAreInterrupted) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    OwnedTape tape;
    RandomGraph(seed).grow(tape, 20);
    const auto root = static_cast<NodeId>(tape.size() - 1);
    const std::vector<double> expected = plain_sweep(tape, root);
    for (NodeId cut = Tape::kFirstId + 1; cut <= root; ++cut) {
      for (NodeId id = Tape::kFirstId; id <= root; ++id) tape.set_adjoint(id, id == root ? 1.0 : 0.0);
      tape.sweep(root, cut);
      tape.sweep(cut - 1);
      expect_equal(tape, expected, seed);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(ScalarTape, LeavesAccumulateAndOperationsAreRecomputed) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    OwnedTape tape;
    RandomGraph(seed).grow(tape, 40);
    const auto root = static_cast<NodeId>(tape.size() - 1);
    tape.backward(root);
    tape.backward(root);
    std::vector<double> expected = plain_sweep(tape, root);
    for (NodeId id = Tape::kFirstId; id < tape.size(); ++id) expected[id] *= tape.is_leaf(id) ? 2 : 1;
    expect_equal(tape, expected, seed);
    if (HasFatalFailure()) return;
  }
}

TEST(ScalarTape, ZeroAdjointsAreNotPassedOn) {
  OwnedTape tape;
  const NodeId x = tape.leaf(), y = tape.push(kForeignOp, x, 1.0), infinite = tape.push(kForeignOp, x, INFINITY);
  for (const double zero : {0.0, -0.0}) {
    tape.set_adjoint(infinite, zero);
    tape.sweep(infinite);
    EXPECT_EQ(tape.adjoint(x), 0.0);
  }
  tape.backward(tape.push(kForeignOp, infinite, 0.0, 0, 0.0, y));  // y + 0 · infinite
  EXPECT_EQ(tape.adjoint(x), 1.0);
}

TEST(ScalarTape, RewindForgetsAndKeepsLeaves) {
  OwnedTape tape;
  const NodeId x = tape.leaf();
  const Tape::Mark start = tape.mark();
  for (int step = 1; step <= 3; ++step) {
    tape.rewind(start);
    const NodeId constant = tape.leaf();
    NodeId y = tape.push(kForeignOp, x, 2.0, constant, 1.0);
    const NodeId late = tape.leaf();
    y = tape.push(kForeignOp, y, 1.0, late, 5.0);
    EXPECT_EQ(tape.adjoint(late), 0.0);
    tape.backward(y);
    EXPECT_EQ(tape.adjoint(late), 5.0);
    EXPECT_EQ(tape.adjoint(x), 2.0 * step);
    EXPECT_EQ(tape.size(), y + std::size_t{1});
  }
}

// Adjoints are zeroed by the block while a tape is recorded anew; where it was swept, cut, grown and collected before decides
// how many are zeros already.
TEST(ScalarTape, RewindAnywhereAndEverySweepBeginsWithZeros) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    OwnedTape tape;
    std::mt19937 engine(seed);
    const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(engine); };
    std::vector<Tape::Mark> marks{tape.mark()};
    for (unsigned round = 0; round < 20; ++round) {
      const std::size_t back = below(marks.size());
      tape.rewind(marks[back]);
      marks.resize(back + 1);
      for (std::size_t part = 0; part < 3; ++part) {
        RandomGraph(seed * 100 + round).grow(tape, 1 + static_cast<int>(below(below(2) ? 60 : 1500)));
        marks.push_back(tape.mark());
      }
      if (below(4) == 0) tape.shrink(tape.size());
      if (below(6) == 0) {
        std::vector<std::uint8_t> live(tape.size(), 0);
        for (std::size_t id = Tape::kFirstId; id < live.size(); ++id) live[id] = below(3) == 0;
        live.back() = 1;
        collect(tape, live);
        marks = {tape.mark()};
      }
      if (below(4) == 0) continue;  // recorded, and not swept
      const auto root = static_cast<NodeId>(tape.size() - 1);
      std::vector<double> expected = plain_sweep(tape, root);
      for (NodeId id = Tape::kFirstId; id <= root; ++id) expected[id] += tape.is_leaf(id) ? tape.adjoint(id) : 0.0;
      tape.backward(root);
      expect_equal(tape, expected, seed);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(ScalarTape, ManyLeavesAtOnceAreThoseMadeOneByOne) {
  OwnedTape one, many;
  for (const std::size_t count : {3u, 0u, 1u, 100u, 2000u}) {  // the first three have no node, the others come late
    const NodeId first = many.leaves(count);
    for (std::size_t k = 0; k < count; ++k) ASSERT_EQ(one.leaf(), first + k);
    for (Tape* tape : {&one, &many}) {
      const auto newest = static_cast<NodeId>(tape->size() - 1);
      const NodeId y = tape->push(op_code<Mul>, newest, 2.0, Tape::kFirstId, 3.0);
      tape->backward(y);
      tape->backward(tape->push_add(newest, y));
    }
    ASSERT_EQ(one.size(), many.size());
    ASSERT_EQ(one.first_operation(), many.first_operation());
    const auto adjoints = many.adjoints(Tape::kFirstId, many.size() - Tape::kFirstId);
    for (std::size_t k = 0; k < adjoints.size(); ++k) {
      const auto id = static_cast<NodeId>(Tape::kFirstId + k);
      ASSERT_EQ(one.is_leaf(id), many.is_leaf(id));
      ASSERT_EQ(one.adjoint(id), adjoints[k]);
    }
  }
  OwnedTape fresh;
  for (OwnedTape* tape : {&many, &fresh}) {  // also before the first leaf, when there is no memory yet
    const std::size_t size = tape->size();
    for (const std::size_t count : {std::size_t{1} << 32, ~std::size_t{0}}) EXPECT_THROW(tape->leaves(count), GraphError);
    EXPECT_THROW(tape->adjoints(static_cast<NodeId>(size), 1), IndexError);
    EXPECT_THROW(tape->adjoints(Tape::kFirstId, ~std::size_t{0}), IndexError);
    EXPECT_EQ(tape->size(), size);
  }
}

// Room comes by the block, and whether it is there is asked only where one begins: leaves may end anywhere in one.
TEST(ScalarTape, BlocksOfNodesBeginWhereverLeavesEnd) {
  for (const std::size_t leaves : {1u, 1020u, 1021u, 1022u, 1023u, 2045u, 2046u, 2047u}) {
    OwnedTape tape;
    const NodeId x = tape.leaves(leaves);
    NodeId y = x;
    for (int k = 0; k < 1500; ++k) {
      y = k % 3 ? tape.push(kForeignOp, y, 1.0) : tape.push_add(y, tape.push(op_code<Mul>, x, 2.0, x, 2.0));
      if (k == 700) tape.leaves(500);
      if (k == 900) tape.shrink(tape.size());
    }
    tape.backward(y);
    EXPECT_EQ(tape.adjoint(x), 1.0 + 4.0 * 500) << leaves << " leaves";
  }
}

TEST(ScalarTape, CollectingKeepsWhatIsReachableAndItsGradients) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    OwnedTape tape;
    const bool large = seed % 25 == 0;  // goes over several blocks, and much of it is held
    RandomGraph(seed).grow(tape, large ? 4000 : 60);
    const auto root = static_cast<NodeId>(tape.size() - 1 - seed % 20);
    tape.backward(root);
    const std::vector<double> before = plain_sweep(tape, root);

    std::vector<std::uint8_t> live(tape.size(), 0);
    std::fill_n(live.begin() + Tape::kFirstId, seed % 40, std::uint8_t{1});  // what lives is an unbroken row, then with gaps
    for (std::size_t id = Tape::kFirstId; large && id < root; id += 3) live[id] = 1;
    live[root] = 1;
    const std::vector<NodeId> to = collect(tape, live);
    ASSERT_EQ(to[root] + std::size_t{1}, tape.size()) << "the root is the newest node of its graph";
    const auto near = [](double x, double y) { return std::abs(x - y) <= 1e-12 * (1 + std::abs(y)); };
    for (NodeId id = Tape::kFirstId; id < to.size(); ++id) {
      ASSERT_TRUE(to[id] ? near(tape.adjoint(to[id]), before[id]) : before[id] == 0.0) << "seed " << seed << ", node " << id;
    }
    tape.backward(to[root]);
    for (NodeId id = Tape::kFirstId; id < to.size(); ++id) {
      const double times = to[id] && tape.is_leaf(to[id]) ? 2.0 : 1.0;
      ASSERT_TRUE(!to[id] || near(tape.adjoint(to[id]), times * before[id])) << "seed " << seed << ", node " << id;
    }
  }
}

TEST(ScalarTape, ATenMillionChainNeedsNoStack) {
  OwnedTape tape;
  const NodeId x = tape.leaf();
  NodeId y = x;
  for (int k = 0; k < 10'000'000; ++k) y = tape.push(kForeignOp, y, 1.0);
  tape.backward(y);
  EXPECT_EQ(tape.adjoint(x), 1.0);
}

TEST(ScalarTape, OwnerCodesTellThreadsApart) {
  const OwnedTape a, b;
  EXPECT_NE(a.owner_code(), b.owner_code());
  EXPECT_NE(a.owner_code() | b.owner_code(), a.owner_code());
  EXPECT_NE(a.owner_code() | b.owner_code(), b.owner_code());
}

}  // namespace
