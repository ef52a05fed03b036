// The numbers of a workload, equal to the bit for every engine: parameters, data, which rows each step uses.
//
// Read before: bundle.hpp, workload.hpp. Read next: protocol.hpp.
#pragma once

#include "bundle.hpp"
#include "workload.hpp"

#include <algorithm>

namespace native {

// The data of one step.
struct Batch {
  std::size_t rows = 0;
  Array x;
  std::vector<Array> masks;                             // of each hidden layer, or empty
  std::vector<std::pair<std::string, Array>> targets;  // y, and F6's second target

  const Array& target(const std::string& name) const {
    for (const auto& [known, array] : targets)
      if (known == name) return array;
    throw WorkloadError("WorkloadError: the arrays hold no data " + name);
  }
};

inline double number(const Array& y, std::size_t k) { return y.is_integer() ? static_cast<double>(y.integers[k]) : y.numbers[k]; }
inline std::size_t label(const Array& y, std::size_t row, std::size_t classes) {
  const std::int64_t found = y.integers.empty() ? static_cast<std::int64_t>(y.numbers[row]) : y.integers[row];
  if (found < 0 || static_cast<std::size_t>(found) >= classes)
    throw WorkloadError("WorkloadError: label " + std::to_string(found) + " of " + std::to_string(classes) + " classes");
  return static_cast<std::size_t>(found);
}

class Inputs {
 public:
  std::vector<std::pair<std::string, Array>> parameters;

  static Inputs from(Bundle bundle) {
    Inputs in;
    for (auto& [name, array] : bundle.arrays) {
      if (name.starts_with("parameters/")) in.parameters.emplace_back(name.substr(11), std::move(array));
      else if (name.starts_with("data/") && !name.ends_with("_val")) in.data_.emplace_back(name.substr(5), std::move(array));
      else if (name == "batches/flat") in.rows_ = std::move(array.integers);
      else if (name == "batches/starts") in.starts_ = std::move(array.integers);
      else if (name == "lrs") in.lrs_ = std::move(array.numbers);
    }
    in.check();
    return in;
  }

  std::size_t steps() const { return starts_.empty() ? 0 : starts_.size() - 1; }
  // How many different batches the phase "step" walks, in every engine: those before the first shorter one. With the rest of
  // an epoch among them, the average step would depend on how many repeats a block has.
  std::size_t span() const {
    std::size_t full = 1;
    while (full < std::min<std::size_t>(steps(), 64) && rows_of(full).size() == rows_of(0).size()) ++full;
    return full;
  }
  double lr(std::size_t step) const { return lrs_.empty() ? 0.0 : lrs_[step % lrs_.size()]; }

  Batch batch(std::size_t step) const {
    Batch batch;
    if (steps() == 0) return batch;
    const auto chosen = rows_of(step % steps());
    batch.rows = chosen.size();
    for (const auto& [name, array] : data_) {
      if (name == "x") batch.x = picked(array, chosen);
      else if (name == "y" || name == "target") batch.targets.emplace_back(name, picked(array, chosen));
    }
    for (std::size_t k = 0;; ++k) {
      const auto mask = std::ranges::find(data_, "mask" + std::to_string(k), &std::pair<std::string, Array>::first);
      if (mask == data_.end()) return batch;
      batch.masks.push_back(picked(mask->second, chosen));
    }
  }

 private:
  std::span<const std::int64_t> rows_of(std::size_t step) const {
    const auto from = static_cast<std::size_t>(starts_[step]), to = static_cast<std::size_t>(starts_[step + 1]);
    return std::span(rows_).subspan(from, to - from);
  }
  static Array picked(const Array& from, std::span<const std::int64_t> rows) {
    Array to{from.shape, {}, {}};
    to.shape.at(0) = static_cast<std::int64_t>(rows.size());
    const auto width = static_cast<std::ptrdiff_t>(from.width());
    const auto pick = [&](const auto& numbers, auto& into) {
      for (const std::int64_t row : rows) into.insert(into.end(), numbers.begin() + row * width, numbers.begin() + (row + 1) * width);
    };
    if (from.is_integer()) pick(from.integers, to.integers);
    else pick(from.numbers, to.numbers);
    return to;
  }
  // Everything that is indexed later is checked here, once.
  void check() const {
    for (std::size_t k = 0; k < steps(); ++k)
      if (starts_[k] < 0 || starts_[k] > starts_[k + 1] || starts_[k + 1] > static_cast<std::int64_t>(rows_.size()))
        throw WorkloadError("WorkloadError: batches/starts does not fit batches/flat");
    if (rows_.empty()) return;
    const auto [least, most] = std::ranges::minmax(rows_);
    for (const auto& [name, array] : data_)
      if (least < 0 || array.shape.empty() || most >= static_cast<std::int64_t>(array.rows()))
        throw WorkloadError("WorkloadError: the batches name rows " + std::to_string(least) + " to " + std::to_string(most) + ", but " +
                            name + " has " + std::to_string(array.shape.empty() ? 0 : array.rows()));
  }

  std::vector<std::pair<std::string, Array>> data_;
  std::vector<std::int64_t> rows_, starts_;
  std::vector<double> lrs_;
};

}  // namespace native
