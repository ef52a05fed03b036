// `trigrad train_digits` and `run_digits_benchmark` without Python: 8 x 8 digits by a 64-64-32-10 network.
//
//   trigrad export_data digits digits.csv
//   train_digits --data digits.csv --epochs 10 --length 1000
//   train_digits --data digits.csv --epochs 100 --length 1797 --split random --shuffle --momentum 0.9
#include "train.hpp"

int main(int count, char** arguments) {
  return train::run({.name = "train_digits",
                     .about = "handwritten digits, 8 x 8 pixels, by a 64-64-32-10 network",
                     .layers = {64, 64, 32, 10},
                     .loss = train::Loss::Nll,
                     .l2 = 1e-4,
                     .defaults = {.data = "digits.csv", .epochs = 5, .length = 10, .batch_size = 32, .lr = 0.01},
                     .data =
                         [](const train::Options& o) {
                           train::Rows rows = train::digits(o.data);
                           if (o.length > rows.size())
                             throw train::DataError("--length: " + o.data + " holds " + std::to_string(rows.size()) + " rows");
                           rows.resize(o.length);
                           train::Draw draw(o.seed, train::Draw::Data);
                           return o.split == "random" ? train::split_random(rows, draw) : train::split_tail(rows);
                         }},
                    count, arguments);
}
