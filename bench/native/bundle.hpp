// Arrays in one file, as the harness writes them for every engine: a JSON header, then raw numbers.
//
//   8 bytes   length of the header, little-endian
//   header    {"meta": {...}, "arrays": [{"name", "dtype": "float64" | "int64", "shape", "offset"}]}
//   padding   up to a multiple of 64
//   data      little-endian; offsets count from here
//
// Nothing in a file is believed: sizes are compared with the file's before a byte is read, so that a truncated or
// damaged one is an error with its name, not a crash. The Python twin: bench/trigrad_bench/bundle.py.
// Read next: workload.hpp.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace native {

using json = nlohmann::json;

struct BundleError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// float64 and int64 both end up in `numbers` or `integers`; the other one is empty.
struct Array {
  std::vector<std::int64_t> shape;
  std::vector<double> numbers;
  std::vector<std::int64_t> integers;

  bool is_integer() const { return !integers.empty(); }
  std::size_t size() const { return is_integer() ? integers.size() : numbers.size(); }
  std::size_t rows() const { return shape.empty() ? 1 : static_cast<std::size_t>(shape[0]); }
  std::size_t width() const { return rows() ? size() / rows() : 0; }
};

struct Bundle {
  json meta = json::object();
  std::vector<std::pair<std::string, Array>> arrays;  // in the file's order

  void add(std::string name, std::vector<std::int64_t> shape, std::vector<double> numbers) {
    arrays.emplace_back(std::move(name), Array{std::move(shape), std::move(numbers), {}});
  }
};

namespace detail {
inline std::uint64_t aligned(std::uint64_t n) { return (n + 63) / 64 * 64; }

template <class T>
void read_numbers(std::ifstream& file, std::uint64_t from, std::uint64_t count, std::vector<T>& into) {
  into.resize(count);
  file.seekg(static_cast<std::streamoff>(from));
  file.read(reinterpret_cast<char*>(into.data()), static_cast<std::streamsize>(count * sizeof(T)));
}
}  // namespace detail

inline Bundle read_bundle(const std::string& path) {
  const auto fail = [&](const std::string& what) -> BundleError { return BundleError("BundleError: " + path + ": " + what); };
  std::error_code missing;
  const std::uint64_t size = std::filesystem::file_size(path, missing);
  std::ifstream file(path, std::ios::binary);
  if (missing || !file) throw fail("cannot be read");

  std::uint64_t length = 0;  // the machine is little-endian, like the file
  file.read(reinterpret_cast<char*>(&length), 8);
  if (size < 8 || length > size - 8) throw fail("no bundle, or cut off: " + std::to_string(size) + " bytes");
  std::string text(length, '\0');
  file.read(text.data(), static_cast<std::streamsize>(length));

  Bundle bundle;
  const std::uint64_t start = detail::aligned(8 + length);
  try {
    const json header = json::parse(text);
    bundle.meta = header.at("meta");
    for (const json& entry : header.at("arrays")) {
      const auto name = entry.at("name").get<std::string>(), dtype = entry.at("dtype").get<std::string>();
      const auto offset = entry.at("offset").get<std::uint64_t>();
      Array array{entry.at("shape").get<std::vector<std::int64_t>>(), {}, {}};
      std::uint64_t count = 1;
      for (const std::int64_t extent : array.shape) {
        if (extent < 0 || (extent > 0 && count > size / static_cast<std::uint64_t>(extent)))
          throw fail(name + " claims more elements than the file has bytes");
        count *= static_cast<std::uint64_t>(extent);
      }
      if (dtype != "float64" && dtype != "int64") throw fail(name + " has dtype " + dtype + ", not float64 or int64");
      if (count && (start > size || offset > size - start || count > (size - start - offset) / 8))
        throw fail("cut off: " + name + " needs " + std::to_string(8 * count) + " bytes");
      if (dtype == "float64") detail::read_numbers(file, start + offset, count, array.numbers);
      else detail::read_numbers(file, start + offset, count, array.integers);
      if (!file) throw fail("cut off: " + name);
      bundle.arrays.emplace_back(name, std::move(array));
    }
  } catch (const json::exception& error) {
    throw fail(std::string("no bundle: ") + error.what());
  }
  return bundle;
}

// Writes beside the file, then renames: a reader sees the old file or the whole new one.
inline void write_bundle(const std::string& path, const Bundle& bundle) {
  json header{{"meta", bundle.meta}, {"arrays", json::array()}};
  std::uint64_t offset = 0;
  for (const auto& [name, array] : bundle.arrays) {
    header["arrays"].push_back(
        {{"name", name}, {"dtype", array.is_integer() ? "int64" : "float64"}, {"shape", array.shape}, {"offset", offset}});
    offset += detail::aligned(8 * array.size());
  }
  const std::string text = header.dump(), partial = path + ".partial", zeros(64, '\0');
  const std::uint64_t length = text.size();
  std::ofstream file(partial, std::ios::binary);
  const auto put = [&](const void* data, std::uint64_t bytes, std::uint64_t before) {
    file.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
    file.write(zeros.data(), static_cast<std::streamsize>(detail::aligned(before + bytes) - before - bytes));
  };
  file.write(reinterpret_cast<const char*>(&length), 8);
  put(text.data(), length, 8);
  for (const auto& [name, array] : bundle.arrays)
    put(array.is_integer() ? static_cast<const void*>(array.integers.data()) : array.numbers.data(), 8 * array.size(), 0);
  file.close();
  if (!file || std::rename(partial.c_str(), path.c_str()) != 0) {
    std::remove(partial.c_str());
    throw BundleError("BundleError: " + path + ": cannot be written");
  }
}

}  // namespace native
