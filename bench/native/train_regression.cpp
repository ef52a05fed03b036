// `trigrad train_regression` without Python: y = 3 x1 - 2 x2 + 0.5, one point at a time (tinytorch's settings).
//
//   train_regression
//   train_regression --model mlp --engine scalar
#include "train.hpp"

int main(int count, char** arguments) {
  return train::run(
      {.name = "train_regression",
       .about = "y = 3 x1 - 2 x2 + 0.5 by one linear layer, or by a 2-4-1 network",
       .layers = {2, 1},
       .loss = train::Loss::Mse,
       .draw_bias = false,
       .defaults = {.dtype = "float64", .init = "uniform", .model = "linear", .epochs = 200, .length = 100, .batch_size = 1, .lr = 0.1},
       .data =
           [](const train::Options& o) {
             train::Draw draw(o.seed, train::Draw::Data);
             return train::Split{train::linear(o.length, draw), {}};
           },
       .settle =
           [](train::Job& job, train::Options& o, bool lr_given) {
             if (o.model != "mlp") return;
             job.layers = {2, 4, 1};
             if (!lr_given) o.lr = 0.05;
           }},
      count, arguments);
}
