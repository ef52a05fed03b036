// The verbs of the harness as JSON lines: a request on stdin, an answer on stdout, until "close" or the end of input.
//
//   {"verb":"setup","workload":{...},"arrays":PATH,"dtype":"float32"}   →  {"ok":true}
//   {"verb":"run","phase":"grad","n":64}                                →  {"ok":true,"ns":12345}
//   {"verb":"rnu"}                                                      →  {"ok":false,"error":"ProtocolError: ..."}
//
// What an engine must offer is `Engine`; runner.hpp makes one from a program. A request that cannot be served is
// answered, never a crash. Read before: workload.hpp. Read next: runner.hpp.
#pragma once

#include "inputs.hpp"

#include <cstdlib>
#include <iostream>
#include <typeinfo>

#if defined(__GNUC__)
#include <cxxabi.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

namespace native {

struct ProtocolError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual json info() const = 0;
  virtual std::string supports(const Workload& workload, const std::string& dtype) const = 0;  // "" or why not
  virtual void setup(const Workload& workload, Inputs inputs, const std::string& dtype, int threads) = 0;
  virtual std::int64_t run(const std::string& phase, std::int64_t n) = 0;  // nanoseconds
  virtual Bundle result() = 0;                                             // loss and gradients of step 0
  virtual std::vector<double> losses(std::int64_t steps) = 0;
  virtual json counters() = 0;
  virtual json probe(const json& question) const = 0;  // a small question besides workloads (probe.hpp)
  virtual void close() = 0;
};

inline json answer(Engine& engine, const json& request) {
  const auto verb = request.at("verb").get<std::string>();
  json reply{{"ok", true}};
  if (verb == "info") {
    reply["info"] = engine.info();
  } else if (verb == "supports") {
    reply["reason"] = engine.supports(Workload::from(request.at("workload")), request.at("dtype"));
  } else if (verb == "setup") {
    const Workload workload = Workload::from(request.at("workload"));
    const auto dtype = request.at("dtype").get<std::string>();
    if (const std::string reason = engine.supports(workload, dtype); !reason.empty()) throw WorkloadError("Unsupported: " + reason);
    engine.setup(workload, Inputs::from(read_bundle(request.at("arrays"))), dtype, request.value("threads", 1));
  } else if (verb == "run") {
    reply["ns"] = engine.run(request.at("phase"), request.at("n"));
  } else if (verb == "result") {
    write_bundle(request.at("out"), engine.result());
  } else if (verb == "losses") {
    reply["losses"] = engine.losses(request.at("steps"));
  } else if (verb == "counters") {
    reply["counters"] = engine.counters();
  } else if (verb == "probe") {
    reply["probe"] = engine.probe(request);
  } else if (verb == "close") {
    engine.close();
  } else {
    throw ProtocolError("ProtocolError: unknown verb '" + verb + "'");
  }
  return reply;
}

// "ShapeError: linear: ...": the type's plain name before the text, unless the text has one already.
inline std::string described(const std::exception& error) {
  const std::string text = error.what(), head = text.substr(0, text.find(':'));
  if (head.ends_with("Error") || head == "Unsupported") return text;
  if (dynamic_cast<const json::exception*>(&error)) return "ProtocolError: " + text;
  std::string type = typeid(error).name();
#if defined(__GNUC__)
  if (char* const plain = abi::__cxa_demangle(type.c_str(), nullptr, nullptr, nullptr)) {
    type = plain;
    std::free(plain);
  }
#endif
  return type.substr(type.rfind(':') + 1) + ": " + text;
}

inline int serve(Engine& engine) {
  std::FILE* out = stdout;
#if defined(__unix__) || defined(__APPLE__)
  // Only the protocol may reach stdout: what a library prints goes to stderr instead.
  out = fdopen(dup(STDOUT_FILENO), "w");
  if (!out || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return 1;
#endif
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    json reply;
    bool closing = false;
    try {
      const json request = json::parse(line);
      reply = answer(engine, request);
      closing = request["verb"] == "close";
    } catch (const std::exception& error) {
      reply = {{"ok", false}, {"error", described(error)}};
    }
    // A text that is no UTF-8 (quoted from a broken request) must not break the answer.
    const std::string text = reply.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
    if (std::fwrite(text.data(), 1, text.size(), out) != text.size() || std::fflush(out) != 0) return 1;
    if (closing) return 0;
  }
  return 0;
}

}  // namespace native
