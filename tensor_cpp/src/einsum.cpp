// einsum: sums of products by index letters, in terms of permute, reshape, matmul and sum. Operands are contracted two at
// a time, from the left.

#include <trigrad/tensor/internal.hpp>
#include <trigrad/tensor/ops.hpp>

#include <algorithm>
#include <map>

namespace trigrad {
namespace {

using Letters = std::string;  // one per axis; an ellipsis has become capital letters from A on

struct Equation {
  std::vector<Letters> inputs;
  Letters output;
};

[[noreturn]] void bad_equation(std::string_view equation, const std::string& why) {
  throw ValueError("einsum: '" + std::string(equation) + "': " + why);
}

// Replaces "..." by as many capital letters as it covers axes, right-aligned so that they broadcast.
Letters expand_ellipsis(std::string_view equation, const Letters& term, int covered, int widest) {
  const auto at = term.find("...");
  if (at == Letters::npos) return term;
  if (term.find('.', at + 3) != Letters::npos) bad_equation(equation, "more than one ellipsis in a term");
  Letters axes;
  for (int k = widest - covered; k < widest; ++k) axes += static_cast<char>('A' + k);
  return term.substr(0, at) + axes + term.substr(at + 3);
}

Equation parse_equation(std::string_view equation, std::span<const Tensor> operands) {
  Letters text;
  for (const char c : equation)
    if (c != ' ') text += c;
  const auto arrow = text.find("->");
  Equation parsed;
  Letters left = text.substr(0, arrow);
  for (std::size_t start = 0; start <= left.size();) {
    const auto comma = std::min(left.find(',', start), left.size());
    parsed.inputs.push_back(left.substr(start, comma - start));
    start = comma + 1;
  }
  if (parsed.inputs.size() != operands.size())
    bad_equation(equation,
                 "it names " + std::to_string(parsed.inputs.size()) + " operands, but " + std::to_string(operands.size()) + " were given");
  std::vector<int> covered;
  int widest = 0;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    const Letters& term = parsed.inputs[k];
    const bool dots = term.find("...") != Letters::npos;
    const int named = static_cast<int>(term.size()) - (dots ? 3 : 0);
    const int rest = operands[k].ndim() - named;
    if (rest < 0 || (rest > 0 && !dots))
      bad_equation(equation,
                   "operand " + std::to_string(k) + " has shape " + to_string(operands[k].shape()) + ", which does not fit '" + term + "'");
    covered.push_back(dots ? rest : 0);
    widest = std::max(widest, covered.back());
  }
  std::map<char, int> uses;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    parsed.inputs[k] = expand_ellipsis(equation, parsed.inputs[k], covered[k], widest);
    for (const char c : parsed.inputs[k]) {
      if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) bad_equation(equation, std::string("'") + c + "' is not a letter");
      ++uses[c];
    }
  }
  if (arrow != Letters::npos) {
    parsed.output = expand_ellipsis(equation, text.substr(arrow + 2), widest, widest);
  } else {  // implicit output: the ellipsis, then the letters used once, in alphabetical order
    for (int k = 0; k < widest; ++k) parsed.output += static_cast<char>('A' + k);
    for (const auto& [letter, count] : uses)
      if (count == 1 && letter >= 'a') parsed.output += letter;
  }
  for (const char c : parsed.output)
    if (!uses.count(c)) bad_equation(equation, std::string("output letter '") + c + "' is in no operand");
  return parsed;
}

// A letter twice in one term: the diagonal. x (..., n, ..., n, ...) as a strided view is a `take` of the diagonal positions.
Tensor take_diagonals(std::string_view equation, Tensor x, Letters& term) {
  for (std::size_t a = 0; a < term.size(); ++a)
    for (std::size_t b = term.size(); b-- > a + 1;) {
      if (term[a] != term[b]) continue;
      const int i = static_cast<int>(a), j = static_cast<int>(b);
      if (x.size(i) != x.size(j))
        bad_equation(equation,
                     std::string("letter '") + term[a] + "' has sizes " + std::to_string(x.size(i)) + " and " + std::to_string(x.size(j)));
      Dims front, order;
      for (int k = 0; k < x.ndim(); ++k)
        if (k != i && k != j) order.push_back(k);
      order.push_back(i);
      order.push_back(j);
      Letters rest = term;
      rest.erase(b, 1);
      rest.erase(a, 1);
      const std::int64_t n = x.size(i);
      x = permute(x, order);
      Dims merged = x.shape();
      merged.erase(merged.size() - 1);
      merged[merged.size() - 1] = n * n;
      x = slice(reshape(x, merged), -1, 0, n * n, n + 1);
      term = rest + term[a];
      return take_diagonals(equation, x, term);
    }
  return x;
}

// x with its axes in the order of `letters`, size 1 where x lacks the letter.
Tensor align(const Tensor& x, const Letters& term, const Letters& letters) {
  Dims order;
  for (const char c : letters)
    if (const auto at = term.find(c); at != Letters::npos) order.push_back(static_cast<std::int64_t>(at));
  Tensor z = permute(x, order);
  for (std::size_t k = 0; k < letters.size(); ++k)
    if (term.find(letters[k]) == Letters::npos) z = unsqueeze(z, static_cast<std::int64_t>(k));
  return z;
}

Tensor sum_letters(const Tensor& x, Letters& term, const Letters& keep) {
  Dims dims;
  Letters left;
  for (std::size_t k = 0; k < term.size(); ++k) {
    if (keep.find(term[k]) == Letters::npos) dims.push_back(static_cast<std::int64_t>(k));
    else left += term[k];
  }
  term = left;
  return dims.empty() ? x : sum(x, dims);
}

// Two operands at a time, as one batched matrix product: shared letters that are still needed are the batch, shared ones
// that are not are summed.
Tensor contract(const Tensor& x, const Letters& xs, const Tensor& y, const Letters& ys, const Letters& needed, Letters& zs) {
  Letters batch, inner, left, right;
  for (const char c : xs) {
    const bool shared = ys.find(c) != Letters::npos, kept = needed.find(c) != Letters::npos;
    (shared ? (kept ? batch : inner) : left) += c;
  }
  for (const char c : ys)
    if (xs.find(c) == Letters::npos) right += c;
  const auto size_of_letters = [&](const Letters& letters) {
    std::int64_t n = 1;
    for (const char c : letters) {
      const auto in_x = xs.find(c), in_y = ys.find(c);
      n *= std::max(in_x == Letters::npos ? 0 : x.size(static_cast<int>(in_x)), in_y == Letters::npos ? 0 : y.size(static_cast<int>(in_y)));
    }
    return n;
  };
  // Axes of size 1 broadcast (an ellipsis may have them): elementwise product and sum is then the simple way.
  for (const char c : batch + inner)
    if (x.size(static_cast<int>(xs.find(c))) != y.size(static_cast<int>(ys.find(c)))) {
      Letters all = batch + left + right + inner;
      Tensor z = align(x, xs, all) * align(y, ys, all);
      zs = all;
      return sum_letters(z, zs, batch + left + right);
    }
  const std::int64_t B = size_of_letters(batch), M = size_of_letters(left), N = size_of_letters(right), K = size_of_letters(inner);
  const Tensor a = reshape(align(x, xs, batch + left + inner), {B, M, K});
  const Tensor b = reshape(align(y, ys, batch + inner + right), {B, K, N});
  zs = batch + left + right;
  Dims shape;
  for (const char c : zs) shape.push_back(size_of_letters(Letters(1, c)));
  return reshape(matmul(a, b), shape);
}

}  // namespace

Tensor einsum(std::string_view equation, std::span<const Tensor> operands) {
  if (operands.empty()) bad_equation(equation, "it needs at least one operand");
  Equation parsed = parse_equation(equation, operands);
  std::map<char, std::int64_t> sizes;
  std::vector<Tensor> terms;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    same_dtype("einsum", operands[0], operands[k]);
    terms.push_back(take_diagonals(equation, operands[k], parsed.inputs[k]));
    for (std::size_t axis = 0; axis < parsed.inputs[k].size(); ++axis) {
      const std::int64_t size = terms[k].size(static_cast<int>(axis));
      auto& known = sizes.emplace(parsed.inputs[k][axis], size).first->second;
      if (known != size && known != 1 && size != 1)
        bad_equation(equation, std::string("letter '") + parsed.inputs[k][axis] + "' has sizes " + std::to_string(known) + " and " +
                                   std::to_string(size));
      known = std::max(known, size);
    }
  }
  Tensor z = terms[0];
  Letters zs = parsed.inputs[0];
  for (std::size_t k = 0; k < terms.size(); ++k) {
    Letters needed = parsed.output;  // by the output and by every later operand
    for (std::size_t later = k + 1; later < terms.size(); ++later) needed += parsed.inputs[later];
    if (k > 0) {
      Letters with = zs;
      Tensor y = sum_letters(terms[k], parsed.inputs[k], needed + with);
      z = contract(z, with, y, parsed.inputs[k], needed, zs);
    }
    z = sum_letters(z, zs, needed);
  }
  return align(z, zs, parsed.output);
}

}  // namespace trigrad
