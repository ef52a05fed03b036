// The recorded answers of tests/golden. Reading and writing JSON is compiled once, in golden.cpp: it takes longer to
// compile than most tests.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace trigrad::testing {

using Json = nlohmann::json;

Json golden(const std::string& file);  // an array: of the file, or of its lines where it is a .jsonl
std::string text_of(const Json& value);

}  // namespace trigrad::testing
