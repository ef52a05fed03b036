// The four element types, and the promotion rules (PyTorch's).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace trigrad {

enum class DType : std::uint8_t { Bool, Int64, Float32, Float64 };  // in order of promotion

constexpr std::string_view name_of(DType dtype) {
  constexpr std::string_view names[] = {"bool", "int64", "float32", "float64"};
  return names[static_cast<int>(dtype)];
}
inline constexpr std::uint8_t kSizes[] = {1, 8, 4, 8};  // by type; inside the function it would be written anew each time
constexpr std::size_t size_of(DType dtype) { return kSizes[static_cast<int>(dtype)]; }
constexpr bool is_floating(DType dtype) { return dtype >= DType::Float32; }

template <class T>
constexpr DType dtype_of = DType::Float64;
template <>
inline constexpr DType dtype_of<float> = DType::Float32;
template <>
inline constexpr DType dtype_of<std::int64_t> = DType::Int64;
template <>
inline constexpr DType dtype_of<bool> = DType::Bool;

// Calls f.template operator()<T>() with the C++ type of dtype.
template <class F>
decltype(auto) visit_dtype(DType dtype, F&& f) {
  switch (dtype) {
    case DType::Bool:
      return f.template operator()<bool>();
    case DType::Int64:
      return f.template operator()<std::int64_t>();
    case DType::Float32:
      return f.template operator()<float>();
    default:
      return f.template operator()<double>();
  }
}
template <class F>
decltype(auto) visit_floating(DType dtype, F&& f) {
  return dtype == DType::Float32 ? f.template operator()<float>() : f.template operator()<double>();
}

DType default_dtype();
void set_default_dtype(DType dtype);  // DTypeError unless floating

}  // namespace trigrad
