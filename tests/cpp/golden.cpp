#include "golden.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <stdexcept>

namespace trigrad::testing {

Json golden(const std::string& file) {
  std::ifstream in(TRIGRAD_SOURCE_DIR "/tests/golden/" + file);
  if (!in) throw std::runtime_error("tests/golden/" + file + " is missing: run make golden");
  if (!file.ends_with(".jsonl")) return Json::parse(in);
  Json lines = Json::array();
  for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
  return lines;
}

std::string text_of(const Json& value) { return value.dump(); }

}  // namespace trigrad::testing
