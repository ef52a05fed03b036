// Options and epochs of the training programs (see train.hpp).
#include "train.hpp"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>

namespace train {
namespace {

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

double number(const std::string& flag, const std::string& text, double least, bool whole) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(value) || (whole && value != std::floor(value)))
    throw UsageError(flag + ": needs a " + (whole ? "whole " : "") + "number, not '" + text + "'");
  if (value < least) throw UsageError(flag + ": needs at least " + std::to_string(static_cast<int>(least)) + ", not " + text);
  if (value >= 0x1p32) throw UsageError(flag + ": " + text + " is too large");
  return value;
}

std::string choice(const std::string& flag, const std::string& text, const std::vector<std::string>& known) {
  std::string list;
  for (const std::string& k : known) {
    if (text == k) return text;
    list += (list.empty() ? "" : ", ") + k;
  }
  throw UsageError(flag + ": there is no '" + text + "'; choose from " + list);
}

void help(const Job& job) {
  const Options& o = job.defaults;
  std::printf("%s: %s\n\n", job.name.c_str(), job.about.c_str());
  std::printf("  --epochs N (%zu)  --length N (%zu)  --batch-size N (%zu; 0: all rows at once)  --lr X (%g)\n", o.epochs, o.length,
              o.batch_size, o.lr);
  std::printf("  --momentum X (0)  --schedule constant|linear  --shuffle  --seed N (%u)\n", o.seed);
  std::printf("  --init he_out|he_in|xavier|torch|uniform (%s)  --split tail|random (%s)\n", o.init.c_str(), o.split.c_str());
  std::printf("  --engine tensor|scalar  --order tape|stack|recursive  --dtype float32|float64 (%s)  --quiet\n", o.dtype.c_str());
  if (!o.data.empty()) std::printf("  --data PATH (%s)\n", o.data.c_str());
  if (!o.model.empty()) std::printf("  --model linear|mlp (%s)\n", o.model.c_str());
  std::printf("\nThe numbers are those of `trigrad %s` with the same options.\n", job.name.c_str());
}

// True if there is something to do.
bool parse(Job& job, int count, char** arguments, Options& o) {
  bool order_given = false, dtype_given = false, lr_given = false;
  using Take = std::function<void(const std::string& flag, const std::string& text)>;
  const auto count_of = [](std::size_t& into, double least) -> Take {
    return [&into, least](auto& f, auto& t) { into = static_cast<std::size_t>(number(f, t, least, true)); };
  };
  const auto one_of = [](std::string& into, std::vector<std::string> known) -> Take {
    return [&into, known](auto& f, auto& t) { into = choice(f, t, known); };
  };
  std::map<std::string, Take> flags{
      {"--epochs", count_of(o.epochs, 1)},
      {"--length", count_of(o.length, 1)},
      {"--batch-size", count_of(o.batch_size, 0)},
      {"--seed", [&](auto& f, auto& t) { o.seed = static_cast<std::uint32_t>(number(f, t, 0, true)); }},
      {"--lr", [&](auto& f, auto& t) { o.lr = number(f, t, 0, false), lr_given = true; }},
      {"--momentum", [&](auto& f, auto& t) { o.momentum = number(f, t, 0, false); }},
      {"--engine", one_of(o.engine, {"tensor", "scalar"})},
      {"--order", [&](auto& f, auto& t) { o.order = choice(f, t, {"tape", "stack", "recursive"}), order_given = true; }},
      {"--dtype", [&](auto& f, auto& t) { o.dtype = choice(f, t, {"float32", "float64"}), dtype_given = true; }},
      {"--init", one_of(o.init, {"he_out", "he_in", "xavier", "torch", "uniform"})},
      {"--schedule", one_of(o.schedule, {"constant", "linear"})},
      {"--split", one_of(o.split, {"tail", "random"})},
  };
  if (!o.data.empty()) flags["--data"] = [&](auto&, auto& t) { o.data = t; };
  if (!o.model.empty()) flags["--model"] = one_of(o.model, {"linear", "mlp"});
  for (int k = 1; k < count; ++k) {
    const std::string flag = arguments[k];
    if (flag == "--help" || flag == "-h") return help(job), false;
    if (flag == "--shuffle" || flag == "--quiet") {
      (flag == "--quiet" ? o.quiet : o.shuffle) = true;
    } else if (const auto found = flags.find(flag); found == flags.end()) {
      throw UsageError("there is no option " + flag + "; --help lists what there is");
    } else if (++k == count) {
      throw UsageError(flag + ": needs a value");
    } else {
      found->second(flag, arguments[k]);
    }
  }
  if (o.engine == "scalar" && order_given && o.order != "tape")
    throw UsageError("--order: the scalar engine has tape; there is no '" + o.order + "'");
  if (o.engine == "scalar" && dtype_given && o.dtype == "float32") throw UsageError("--dtype: the scalar engine computes in float64");
  if (o.engine == "scalar") o.dtype = "float64";
  if (o.lr == 0) throw UsageError("--lr: needs a positive number");
  if (job.settle) job.settle(job, o, lr_given);
  return true;
}

double accuracy(const Figures& f) { return 100 * static_cast<double>(f.right) / static_cast<double>(f.rows); }
double mean_loss(const Figures& f) { return f.loss / static_cast<double>(f.rows); }

void print(const char* before, const Job& job, const Figures& f) {
  const double loss = mean_loss(f);
  const bool plain = loss == 0 || (std::abs(loss) >= 1e-3 && std::abs(loss) < 1e5);
  std::printf(plain ? "  %s %.6f" : "  %s %.3e", before, loss);
  if (job.loss != Loss::Mse) std::printf("  accuracy %5.1f %%", accuracy(f));
}

int train(const Job& job, const Options& o) {
  using Clock = std::chrono::steady_clock;
  const Split data = job.data(o);
  if (data.train.size() == 0) throw UsageError("--length: a fifth of the rows validates, and none is left to train on");
  const Weights weights = starting_weights(job.layers, o.init, job.draw_bias, o.seed);
  const auto learner = (o.engine == "scalar" ? scalar_learner : tensor_learner)(job, o, data.train, weights);
  if (!o.quiet)
    std::printf("%s: %s %s, %s; %zu rows, %zu to validate\n", job.name.c_str(), o.engine.c_str(), o.order.c_str(), o.dtype.c_str(),
                data.train.size(), data.validation.size());

  const std::size_t batch = o.batch_size ? o.batch_size : data.train.size();
  const auto steps = static_cast<double>((data.train.size() + batch - 1) / batch * o.epochs);
  double step = 0, seconds = 0;
  const auto next_rate = [&] { return o.schedule == "linear" ? o.lr * (1 - 0.9 * step++ / steps) : o.lr; };
  for (std::size_t epoch = 1; epoch <= o.epochs; ++epoch) {
    const auto start = Clock::now();
    const Figures figures = learner->epoch(next_rate);
    const Figures checked = data.validation.size() ? learner->look(data.validation) : Figures{};
    const double took = std::chrono::duration<double>(Clock::now() - start).count();
    seconds += took;
    const bool last = epoch == o.epochs;
    if (!std::isfinite(figures.loss)) {
      std::fprintf(stderr, "%s: the loss became %g in epoch %zu: try a smaller --lr than %g\n", job.name.c_str(), figures.loss, epoch,
                   o.lr);
      return 1;
    }
    if (o.quiet && !last) continue;
    std::printf("epoch %*zu/%zu", static_cast<int>(std::to_string(o.epochs).size()), epoch, o.epochs);
    print("loss", job, figures);
    if (data.validation.size()) print("validation loss", job, checked);
    std::printf("  %.3f s/epoch\n", took);
    std::fflush(stdout);
  }
  std::printf("%zu epochs in %.3f s\n", o.epochs, seconds);
  return 0;
}

}  // namespace

int run(Job job, int count, char** arguments) {
  try {
    Options options = job.defaults;
    return parse(job, count, arguments, options) ? train(job, options) : 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", job.name.c_str(), error.what());
    return 2;
  }
}

}  // namespace train
