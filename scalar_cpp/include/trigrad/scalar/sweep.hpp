// The reverse sweep: visits root, root - 1, ... first. What arrives at a node is its share g, which goes on to its parents.
// A zero is not passed on: dead units cost one comparison. Therefore 0 · ∞ contributes 0 here, not NaN.
//
// Where the parent that gets its share last is the very next node, that one's adjoint stays in a register: reading back
// what was just stored costs three times the addition. So g goes along a running sum, z = z + w x; along the same sum
// written operation by operation, m = w x and then z = z + m; along m = z w or w z, z = m + c; and along any chain, z = f(z).
//
// Sums and chains of products are loops of their own, because they are most of a program.
//
// Read before: node.hpp. Read next: tape.hpp.
#pragma once

#include <trigrad/mutants.hpp>
#include <trigrad/scalar/node.hpp>

#include <array>
#include <bit>

namespace trigrad {

// Both zeros; as numbers, they would be compared with care for NaN, which takes three instructions more.
inline bool is_zero(double g) { return std::bit_cast<std::uint64_t>(g) << 1 == 0; }
inline bool goes_on(double g) { return !is_zero(g) && !(mutant("tape.skips_negative") && g < 0); }
inline bool are_zero(const double* four) {
  const auto bits = [four](int k) { return std::bit_cast<std::uint64_t>(four[k]); };
  return (bits(0) | bits(1) | bits(2) | bits(3)) << 1 == 0;
}

// Whether node i adds a product to its neighbour i - 1.
inline bool goes_on_sum(const Node* node, std::size_t i) {
  return read_half(node[i], Half::COp) == in_one(static_cast<NodeId>(i - 1), kMulAdd);
}

// A product that has had no share yet is used nowhere else: it and the addition behind it, x + m or m + c, are one step.
inline bool is_new_product(const Node* node, const double* adjoint, std::size_t m) {
  return (node[m].op == op_code<Mul> || mutant("tape.pair_takes_any_operation")) &&
         (std::bit_cast<std::uint64_t>(adjoint[m]) == 0 || mutant("tape.pair_forgets_other_uses"));
}
inline bool ends_with_product(const Node* node, const double* adjoint, std::size_t i) {
  return node[i].op == op_code<Add> && read_half(node[i], Half::AB) == i - 1 && is_new_product(node, adjoint, i - 1);
}
inline bool begins_with_product(const Node* node, const double* adjoint, std::size_t i) {
  const Node& n = node[i];
  return n.op == op_code<Add> && n.c + 1 == i && (n.a + 1 != i || mutant("tape.chain_forgets_twice")) &&
         is_new_product(node, adjoint, i - 1);
}

// Never inlined: alone, the compiler finds registers for all of it, whoever calls; and aligned, for the same instructions
// elsewhere take up to 8 % longer. Fields are read one by one and late: a node copied whole goes through memory.
template <class Visits>
[[gnu::noinline, gnu::aligned(64)]] void sweep_nodes(const Node* node, const Term* terms, double* adjoint, std::size_t first,
                                                     std::size_t root, Visits&& visits) {
  const auto through_product = [adjoint](const Node& m, double g) {
    const auto [a, b] = std::bit_cast<std::array<NodeId, 2>>(read_half(m, Half::AB));
    adjoint[a] += m.da * g;
    if (b) adjoint[b] += m.db * g;  // unasked, all products with a number would wait for adjoint[0]
  };
  std::size_t i = root;
  while (i >= first) {
    double g = adjoint[i];
    if (!goes_on(g) || !visits(i)) {
      while (i >= first + 4 && are_zero(adjoint + i - 4)) i -= mutant("tape.skips_five_for_four") ? 5 : 4;  // dead units come in rows
      --i;
      continue;
    }
    std::size_t last;  // the parent that gets its share last
    do {
      const Node& n = node[i];
      double share = g;
      if (n.op == op_code<Add>) {
        if (i > first && ends_with_product(node, adjoint, i)) {  // a sum of products
          do {
            ask_for(&node[i], -kNodesAhead);
            last = node[i].c;
            const double early = adjoint[last];
            adjoint[--i] = g;
            through_product(node[i], g);
            if (mutant("tape.pair_reads_early")) adjoint[last] = early;
            g = adjoint[last] += g;  // behind the product, whose parent it may be, too
            --i;
            if (last != i || i <= first) break;  // in the condition, both would be computed: 6 % longer
          } while (ends_with_product(node, adjoint, i) && goes_on(g));
          if (last > i && !mutant("tape.pair_forgets_twice"))
            through_product(node[last], g / 2);  // m + m: the product has had half of what it gets
          continue;
        }
        if (i > first && begins_with_product(node, adjoint, i)) {  // a chain of them
          do {
            ask_for(&node[i], -kNodesAhead);
            if (const NodeId other = node[i].a) adjoint[other] += g;
            const Node& m = node[--i];
            adjoint[i] = g;
            if (m.b + 1 == i) {
              adjoint[m.a] += m.da * g;
              last = m.b;
              g = adjoint[last] += m.db * g;
            } else {
              if (m.b) adjoint[m.b] += m.db * g;
              last = m.a;
              g = adjoint[last] += m.da * g;
            }
            --i;
            if (last != i || i <= first) break;
          } while (begins_with_product(node, adjoint, i) && goes_on(g));
          continue;
        }
        const bool a_is_next = n.a + 1 == i;
        if (const NodeId other = a_is_next ? n.c : n.a) adjoint[other] += g;
        last = a_is_next ? n.a : n.c;
        if (mutant("tape.third_parent_ignored")) share = 0;
      } else if (n.op == kMulAdd && n.c + 1 == i) {  // products of one node each; asked by goes_on_sum, all takes 8 % longer
        do {
          last = i - 1;
          ask_for(&node[i], -kNodesAhead);
          through_product(node[i], g);
          if (mutant("tape.run_overwrites")) adjoint[last] = 0;
          g = adjoint[last] += g;
          --i;
        } while (i >= first && goes_on_sum(node, i) && goes_on(g));
        continue;
      } else if (n.op == kSum) {
        const Term* const term = terms + n.a;
        for (std::size_t k = 0; k < n.b && !(mutant("tape.sum_of_one_term") && k > 0); ++k) adjoint[term[k].id] += term[k].partial * g;
        last = 0, share = 0;
      } else {
        ask_for(&n, -kNodesAhead);
        if (n.c) adjoint[n.c] += g;
        if (mutant("tape.second_parent_overwritten")) adjoint[n.b] = 0;
        if (n.b) adjoint[n.b] += mutant("tape.partials_exchanged") ? n.da * g : n.db * g;
        if (mutant("tape.first_parent_overwritten")) adjoint[n.a] = 0;
        last = n.a, share = n.da * g;
      }
      g = adjoint[last] += share;
      --i;
    } while (last == i && i >= first && goes_on(g));
  }
}

}  // namespace trigrad
