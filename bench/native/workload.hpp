// A workload, as the harness describes it to every engine: what to compute. The numbers are in inputs.hpp.
//
// Read before: bench/trigrad_bench/tables.py (what the words mean). Read next: inputs.hpp, protocol.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace native {

struct WorkloadError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class Kind { Network, Expression, Graph };
enum class Activation { None, Relu, Tanh, Sigmoid };
enum class Loss { None, Sum, Mse, CrossEntropy, Nll, Hinge };  // from Mse on they need a target; Nll: of log_softmax of the scores

// Names of a layer's parameters, and its extents: weight (out, in), bias (out).
struct Layer {
  std::string weight, bias;
  std::size_t in, out;
};
// A last layer, and the loss of what comes out of it against data["<target>"].
struct Head {
  Layer layer;
  Loss loss;
  std::string target;
};
// Layers with activations, then one head or several: an mlp is one net with one head, two_mlps are two such, and
// shared_trunk is one net with two heads. The losses of all heads are added.
struct Net {
  std::vector<Layer> trunk;
  std::vector<Head> heads;
};

struct OptimizerSpec {
  std::string kind = "none";  // none, sgd, adam, adamw
  double lr = 0, momentum = 0, weight_decay = 0, eps = 1e-8;
  std::array<double, 2> betas{0.9, 0.999};
};

// The value of a word; WorkloadError names what there is.
template <class E>
E word(const std::string& key, const std::string& text, std::initializer_list<std::pair<const char*, E>> known) {
  std::string names;
  for (const auto& [name, value] : known) {
    if (text == name) return value;
    names += names.empty() ? name : std::string(", ") + name;
  }
  throw WorkloadError("WorkloadError: " + key + ": '" + text + "' is none of " + names);
}

struct Workload {
  std::string name;
  Kind kind = Kind::Network;
  std::vector<Net> nets;
  Activation activation = Activation::None;
  std::string formula, shape;
  std::size_t size = 0;
  Loss loss = Loss::None;
  double l2 = 0;
  bool l2_gradient = true, bias = true, per_sample = false, x_requires_grad = false;
  OptimizerSpec optimizer;
  std::size_t rows = 0;  // of a batch, where the description says so

  static Workload from(const json& j);

  // Multiplications of one forward pass over `rows` rows.
  std::size_t products(std::size_t rows_) const {
    std::size_t sum = 0;
    for (const Net& net : nets) {
      for (const Layer& layer : net.trunk) sum += layer.in * layer.out;
      for (const Head& head : net.heads) sum += head.layer.in * head.layer.out;
    }
    return sum * rows_;
  }
};

namespace detail {
inline Net net_of(const std::string& prefix, const std::vector<std::size_t>& widths) {
  Net net;
  for (std::size_t k = 0; k + 1 < widths.size(); ++k) {
    const std::string number = std::to_string(k);
    net.trunk.push_back({prefix + "weight" + number, prefix + "bias" + number, widths[k], widths[k + 1]});
  }
  return net;
}
inline Net with_head(Net net, Loss loss, std::string target) {
  if (net.trunk.empty()) throw WorkloadError("WorkloadError: model.layers: an input and at least one layer are needed");
  net.heads.push_back({net.trunk.back(), loss, std::move(target)});
  net.trunk.pop_back();
  return net;
}
}  // namespace detail

inline Workload Workload::from(const json& j) try {
  using Widths = std::vector<std::size_t>;
  Workload w;
  const json &model = j.at("model"), &loss = j.at("loss"), &optimizer = j.at("optimizer");
  const auto kind = model.at("kind").get<std::string>();
  const auto loss_kind = loss.at("kind").get<std::string>();
  w.name = j.value("name", "");
  w.activation = word<Activation>(
      "model.activation", model.value("activation", "relu"),
      {{"identity", Activation::None}, {"relu", Activation::Relu}, {"tanh", Activation::Tanh}, {"sigmoid", Activation::Sigmoid}});
  if (loss_kind != "mse_and_cross_entropy")
    w.loss = word<Loss>("loss.kind", loss_kind,
                        {{"none", Loss::None},
                         {"sum", Loss::Sum},
                         {"mse", Loss::Mse},
                         {"cross_entropy", Loss::CrossEntropy},
                         {"nll", Loss::Nll},
                         {"hinge", Loss::Hinge}});
  if ((model.value("output", "none") == "log_softmax") != (w.loss == Loss::Nll))
    throw WorkloadError("WorkloadError: the loss nll needs the output log_softmax, and nothing else does");
  w.bias = model.value("bias", true);
  if (kind == "mlp") {
    w.nets = {detail::with_head(detail::net_of("", model.at("layers").get<Widths>()), w.loss, "y")};
  } else if (kind == "two_mlps") {  // a quality (a number) and a type (a class) from the same rows
    const json& nets = model.at("nets");
    w.nets = {detail::with_head(detail::net_of("quality.", nets.at("quality").get<Widths>()), Loss::Mse, "target"),
              detail::with_head(detail::net_of("type.", nets.at("type").get<Widths>()), Loss::CrossEntropy, "y")};
  } else if (kind == "shared_trunk") {
    Net net = detail::net_of("trunk.", model.at("layers").get<Widths>());
    const std::size_t in = net.trunk.empty() ? 0 : net.trunk.back().out;
    const json& heads = model.at("heads");
    net.heads = {{{"quality.weight0", "quality.bias0", in, heads.at("quality")}, Loss::Mse, "target"},
                 {{"type.weight0", "type.bias0", in, heads.at("type")}, Loss::CrossEntropy, "y"}};
    w.nets = {net};
  } else {
    w.kind = word<Kind>("model.kind", kind, {{"expression", Kind::Expression}, {"graph", Kind::Graph}});
  }
  w.formula = word<std::string>("model.formula", model.value("formula", ""),
                                {{"", ""}, {"micrograd_readme", "micrograd_readme"}, {"op_stress", "op_stress"}, {"tiny", "tiny"}});
  w.shape = word<std::string>("model.shape", model.value("shape", ""),
                              {{"", ""}, {"chain", "chain"}, {"fan_in", "fan_in"}, {"lattice", "lattice"}});
  w.size = model.value("size", std::size_t{0});
  w.l2 = loss.value("l2", 0.0);
  w.l2_gradient = loss.value("l2_gradient", true);
  w.per_sample = j.value("per_sample", false);
  w.x_requires_grad = j.value("x_requires_grad", false);
  w.rows = j.value("batch", std::size_t{0});
  if (w.rows == 0 && j.contains("data")) w.rows = j["data"].value("rows", std::size_t{0});
  w.optimizer.kind =
      word<std::string>("optimizer.kind", optimizer.at("kind"), {{"none", "none"}, {"sgd", "sgd"}, {"adam", "adam"}, {"adamw", "adamw"}});
  w.optimizer.lr = optimizer.value("lr", 0.0);
  w.optimizer.momentum = optimizer.value("momentum", 0.0);
  w.optimizer.weight_decay = optimizer.value("weight_decay", 0.0);
  w.optimizer.eps = optimizer.value("eps", 1e-8);
  w.optimizer.betas = optimizer.value("betas", w.optimizer.betas);
  return w;
} catch (const json::exception& error) {
  throw WorkloadError(std::string("WorkloadError: ") + error.what());
}

}  // namespace native
