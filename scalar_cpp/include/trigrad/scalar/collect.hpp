// Removes nodes that nobody can reach any more, in two linear passes: a walk down marks the parents of what is kept
// (parents are older, so one pass is enough), a walk up moves the kept nodes together. Ids change, from the first node that
// is removed on. Python's Value needs this: a training loop there never says mark() or rewind().
//
// Read before: tape.hpp.
#pragma once

#include <trigrad/scalar/tape.hpp>

#include <algorithm>
#include <numeric>
#include <vector>

namespace trigrad {

// `live[id]` is 1 for every id that someone holds; on return, for all that were kept. Returns where each id has gone, 0 for
// what was removed: ascending, and never up.
inline std::vector<NodeId> collect(Tape& tape, std::vector<std::uint8_t>& live) {
  live.resize(tape.size_, 0);
  for (std::size_t id = tape.size_; id-- > tape.first_;)
    if (live[id] && !mutant("collect.drops_parents"))
      tape.for_each_parent(static_cast<NodeId>(id), [&](NodeId parent) { live[parent] = 1; });

  const std::size_t old_size = tape.size_, old_first = tape.first_, old_adjoints = tape.adjoints_;
  // Most often, while a graph grows, nothing can be removed; what lies before the first that can stays as it is.
  const std::size_t same = static_cast<std::size_t>(std::find(live.begin() + Tape::kFirstId, live.end(), 0) - live.begin());
  std::vector<NodeId> to(old_size, 0);
  std::iota(to.begin() + Tape::kFirstId, to.begin() + std::ptrdiff_t(same), NodeId{Tape::kFirstId});
  tape.rewind(tape.mark_at(same));
  for (std::size_t id = same; id < old_size; ++id) {
    if (!live[id]) continue;
    Node n = id < old_first ? Node{0, 0, 0, kLeaf, 0, 0} : Tape::complete(tape.node_[id]);
    n.c = to[n.c];
    if (n.op == kSum) {
      const Term* const from = tape.term_.data() + n.a;
      n.a = static_cast<NodeId>(tape.terms_);
      for (std::size_t k = 0; k < n.b; ++k)
        tape.term_[tape.terms_++] = {mutant("collect.partials_become_1") ? 1.0 : from[k].partial, to[from[k].id]};
    } else {
      n.a = to[n.a];
      n.b = to[n.b];
    }
    if (n.op == kLeaf) {
      to[id] = tape.leaf();
    } else {  // not push(), which may zero adjoints that are still to be moved
      to[id] = static_cast<NodeId>(tape.size_);
      tape.node_[tape.size_++] = n;
    }
    if (id < old_adjoints && !mutant("collect.leaves_adjoints_behind")) {
      tape.adjoint_[to[id]] = tape.adjoint_[id];
      tape.adjoints_ = to[id] + std::size_t{1};
    }
  }
  return to;
}

}  // namespace trigrad
