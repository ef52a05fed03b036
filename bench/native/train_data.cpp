// See train_data.hpp.
#include "train_data.hpp"

#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <numbers>
#include <numeric>
#include <sstream>

namespace train {
namespace {

void round_to_float(std::vector<double>& values) {
  for (double& v : values) v = static_cast<double>(static_cast<float>(v));
}

std::size_t kept_of(std::size_t n) { return (n + 4) / 5; }  // a fifth, rounded up

Split divided(const Rows& rows, const std::vector<std::size_t>& order) {
  const auto cut = order.begin() + static_cast<std::ptrdiff_t>(order.size() - kept_of(order.size()));
  return {rows.picked({order.begin(), cut}), rows.picked({cut, order.end()})};
}

std::ifstream opened(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw DataError(path + ": cannot be read; `trigrad export_data` writes such files");
  return file;
}

// An IDX file of bytes: 00 00 08, the number of dimensions, each size as four bytes (the highest first), the numbers.
std::vector<unsigned char> idx(const std::string& path, std::vector<std::size_t>& sizes, std::size_t dimensions) {
  std::ifstream file = opened(path);
  const std::vector<unsigned char> raw{std::istreambuf_iterator<char>(file), {}};
  if (raw.size() < 4 || raw[0] != 0 || raw[1] != 0 || raw[2] != 8)
    throw DataError(path + ": no IDX file of bytes: it does not start with 00 00 08" +
                    (raw.size() > 1 && raw[0] == 0x1f && raw[1] == 0x8b ? "; it is compressed: gunzip it" : ""));
  if (raw[3] != dimensions) throw DataError(path + ": has " + std::to_string(raw[3]) + " dimensions, not " + std::to_string(dimensions));
  const std::size_t head = 4 + 4 * dimensions;
  if (raw.size() < head) throw DataError(path + ": cut off inside its header");
  std::size_t count = 1;
  for (std::size_t k = 0; k < dimensions; ++k) {
    std::size_t size = 0;
    for (std::size_t byte = 0; byte < 4; ++byte) size = size << 8 | raw[4 + 4 * k + byte];
    if (size != 0 && count > raw.size() / size) throw DataError(path + ": cut off");
    sizes.push_back(size);
    count *= size;
  }
  if (raw.size() != head + count)
    throw DataError(path + ": needs " + std::to_string(head + count) + " bytes, has " + std::to_string(raw.size()) +
                    (raw.size() < head + count ? ": cut off" : ": too long"));
  return {raw.begin() + static_cast<std::ptrdiff_t>(head), raw.end()};
}

}  // namespace

Rows Rows::picked(const std::vector<std::size_t>& rows) const {
  Rows some{width, {}, {}};
  for (const std::size_t k : rows) {
    some.x.insert(some.x.end(), row(k), row(k) + width);
    some.y.push_back(y[k]);
  }
  return some;
}

void Rows::resize(std::size_t rows) {
  x.resize(rows * width);
  y.resize(rows);
}

std::vector<std::uint32_t> Draw::words(std::size_t n) {
  std::vector<std::uint32_t> drawn(n);
  generator_.fill(drawn.data(), n);
  return drawn;
}

std::vector<double> Draw::uniform(double low, double high, std::size_t n) {
  std::vector<double> values;
  for (const std::uint32_t w : words(n)) values.push_back(low + (high - low) * ((w >> 8) * 0x1p-24));
  return values;
}

std::vector<double> Draw::normal(std::size_t n) {
  const auto drawn = words(12 * n);
  std::vector<double> values(n, -6);
  for (std::size_t k = 0; k < drawn.size(); ++k) values[k / 12] += (drawn[k] >> 8) * 0x1p-24;  // exact, in any order
  return values;
}

std::vector<std::size_t> Draw::permutation(std::size_t n) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto drawn = words(n > 1 ? 2 * (n - 1) : 0);
  for (std::size_t k = 0, last = n - 1; k + 1 < n; ++k, --last)
    std::swap(order[last], order[(drawn[2 * k] | std::uint64_t{drawn[2 * k + 1]} << 32) % (last + 1)]);
  return order;
}

Rows moons(std::size_t n, double noise, Draw& draw) {
  const auto order = draw.permutation(n);
  const auto angle = draw.uniform(0, std::numbers::pi, n), moved = draw.normal(2 * n);
  Rows rows{2, {}, {}};
  for (std::size_t k = 0; k < n; ++k) {
    const bool upper = order[k] % 2 == 0;
    const double c = std::cos(angle[k]), s = std::sin(angle[k]);
    rows.x.push_back((upper ? c : 1 - c) + noise * moved[2 * k]);
    rows.x.push_back((upper ? s : 0.5 - s) + noise * moved[2 * k + 1]);
    rows.y.push_back(upper ? -1 : 1);
  }
  round_to_float(rows.x);
  return rows;
}

Rows linear(std::size_t n, Draw& draw) {
  Rows rows{2, draw.uniform(-1, 1, 2 * n), {}};
  for (std::size_t k = 0; k < n; ++k) rows.y.push_back(0.5 + 3.0 * rows.row(k)[0] + -2.0 * rows.row(k)[1]);
  round_to_float(rows.x);
  round_to_float(rows.y);
  return rows;
}

Rows digits(const std::string& csv) {
  std::ifstream file = opened(csv);
  Rows rows{64, {}, {}};
  std::size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    std::istringstream fields(line);
    std::vector<double> values;
    for (std::string field; std::getline(fields, field, ',');) {
      char* end = nullptr;
      values.push_back(std::strtod(field.c_str(), &end));
      if (end == field.c_str() || (*end != '\0' && *end != '\r')) values.clear(), fields.setstate(std::ios::failbit);
    }
    if (values.size() != 65 || values[64] < 0 || values[64] > 9 || values[64] != std::floor(values[64]))
      throw DataError(csv + ", line " + std::to_string(number) + ": expected 64 grey values and a label from 0 to 9");
    for (std::size_t k = 0; k < 64; ++k) rows.x.push_back(values[k] / 16);
    rows.y.push_back(values[64]);
  }
  if (rows.size() == 0) throw DataError(csv + ": no rows");
  return rows;
}

Rows mnist(const std::string& folder, const std::string& part) {
  std::vector<std::size_t> sizes, count;
  const std::string images = folder + "/" + part + "-images-idx3-ubyte", labels = folder + "/" + part + "-labels-idx1-ubyte";
  const auto pixels = idx(images, sizes, 3), classes = idx(labels, count, 1);
  if (sizes[1] != 28 || sizes[2] != 28) throw DataError(images + ": expected images of 28 x 28");
  if (sizes[0] != count[0]) throw DataError(labels + ": does not belong to " + images + ": the numbers of rows differ");
  Rows rows{784, {}, {}};
  for (const unsigned char p : pixels) rows.x.push_back(p / 255.0);
  for (const unsigned char label : classes) {
    if (label > 9) throw DataError(labels + ": MNIST's labels are 0 to 9");
    rows.y.push_back(label);
  }
  round_to_float(rows.x);
  return rows;
}

Split split_tail(const Rows& rows) {
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  return divided(rows, order);
}

Split split_random(const Rows& rows, Draw& draw) { return divided(rows, draw.permutation(rows.size())); }

std::vector<std::vector<double>> starting_weights(const std::vector<std::size_t>& layers, const std::string& init, bool draw_bias,
                                                  std::uint32_t seed) {
  Draw draw(seed, Draw::Parameters);
  std::vector<std::vector<double>> all;
  for (std::size_t k = 0; k + 1 < layers.size(); ++k) {
    const auto in = static_cast<double>(layers[k]), out = static_cast<double>(layers[k + 1]);
    for (const bool bias : {false, true}) {
      const std::size_t n = bias ? layers[k + 1] : layers[k] * layers[k + 1];
      std::vector<double> values;
      if (bias && !draw_bias) {
        values.assign(n, 0);
      } else if (init.starts_with("he_")) {
        values = draw.normal(n);
        for (double& v : values) v *= std::sqrt(2 / (init == "he_in" ? in : out));
      } else {
        const double bound = init == "uniform" ? 1 : init == "torch" ? std::pow(in, -0.5) : std::sqrt(6 / (in + out));
        values = draw.uniform(-bound, bound, n);
      }
      round_to_float(values);
      all.push_back(std::move(values));
    }
  }
  return all;
}

}  // namespace train
