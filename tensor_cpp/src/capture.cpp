// Taking notes, and playing them (see capture.hpp).

#include <trigrad/tensor/capture.hpp>
#include <trigrad/tensor/internal.hpp>
#include <trigrad/tensor/ops.hpp>

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

namespace trigrad::capture {
namespace {

const Tensor kNone;
thread_local Notes* notes = nullptr;  // of this thread's recording

bool same_bits(const Tensor& x, const Tensor& y) {
  const Tensor a = contiguous_data(x), b = contiguous_data(y);
  return std::memcmp(a.raw(), b.raw(), static_cast<std::size_t>(a.numel()) * size_of(a.dtype())) == 0;
}

}  // namespace

// What a recording knows beside the program that it writes.
class Notes {
 public:
  explicit Notes(std::span<const Tensor> arguments) {
    for (Tensor* slot = new_slots(arguments); const Tensor& x : arguments) slot_of_.try_emplace(x.cell(), slot++);
  }

  bool inside() const { return depth_ > 0; }

  void call(Inputs in, std::span<Tensor> out, Function f) {
    const Inside inside(depth_);
    Program::Entry entry{std::move(f), {}, nullptr, grad_enabled(), {}};
    for (const Tensor* x : in) entry.in.push_back(slot_for(*x));  // before the call: it may change what it reads
    entry.function(in, out.data());
    entry.out = new_slots(out);
    for (std::size_t k = 0; k < out.size(); ++k)
      if (out[k].defined()) slot_of_[out[k].cell()] = entry.out + k;
    results_of_.push_back(out.size());
    program->entries_.push_back(std::move(entry));
  }

  void update(Inputs in, Update numbers, std::function<void(Inputs, const Update&)> f) {
    const auto shared = std::make_shared<Update>(std::move(numbers));
    call(in, {}, [shared, f = std::move(f)](Inputs now, Tensor*) { f(now, *shared); });
    program->updates_.push_back(shared);
    for (const Tensor* x : program->entries_.back().in)
      if (constants_.contains(x)) program->unsettled_ = "an optimiser made its state in it";
  }

  Tensor grad_of(const Tensor& x) {
    const bool first = !backward_seen_ && grads_changed_.insert(x.cell()).second;
    Tensor found;
    const Tensor* in[] = {&x};
    const bool had = x.cell()->grad() != nullptr;
    call(in, {&found, 1}, [had](Inputs now, Tensor* out) {
      *out = Tensor::alias(now[0]->cell()->grad());
      if (out->defined() != had)
        throw CaptureError(std::string("compile: a tensor of shape ") + to_string(now[0]->shape()) +
                           (had ? " has no gradient now, but had one" : " has a gradient now, but had none") +
                           " when the step was recorded");
    });
    const Tensor* slot = slot_of_.at(x.cell());
    if (first && (captured_.contains(slot) || is_argument(slot))) program->grad_guards_.push_back({slot, had});
    return found;
  }

  void grad_changes(const Cell* leaf) {
    if (leaf) grads_changed_.insert(leaf);
    else backward_seen_ = true;
  }

  void draws_from(Generator* generator) {
    Generator* used = generator ? generator : &default_generator();
    program->generators_.push_back(used);
    if (auto kept = used->weak_from_this().lock()) program->kept_.push_back(std::move(kept));
  }

  void born(Cell* cell) {
    if (born_cells_.insert(cell).second) born_.push_back(Tensor::alias(cell));
  }

  void check_read(const Cell& cell) {
    if (born_cells_.contains(&cell) && !slot_of_.contains(&cell)) return;  // being made
    refuse("the numbers of a tensor of shape " + to_string(Dims(cell.sizes())) + " were read (item(), numpy(), print, bool(), if)",
           "a replay does not run the lines in between; return the tensor from the step and read it there");
  }

  [[noreturn]] void refuse(std::string_view what, std::string_view instead) {
    failed_ = "compile: " + std::string(what) + " while the step was recorded, at " + call_site() + ": " + std::string(instead);
    throw CaptureError(failed_);
  }

  std::unique_ptr<Program> finish(std::span<const Tensor> results) {
    const Inside inside(depth_);
    if (!failed_.empty()) throw CaptureError(failed_);  // and somebody caught it
    for (const Tensor& z : results) program->results_.push_back(slot_for(z));
    std::unordered_set<const Tensor*> later(program->results_.begin(), program->results_.end());
    for (std::size_t k = program->entries_.size(); k-- > 0;) {
      Program::Entry& entry = program->entries_[k];
      std::vector<const Tensor*> used = entry.in;
      for (std::size_t i = 0; i < results_of_[k]; ++i) used.push_back(entry.out + i);
      for (const Tensor* slot : used)
        if (temporary_.contains(slot) && later.insert(slot).second) entry.last_use.push_back(temporary_.at(slot));
    }
    for (const auto& [slot, writable] : temporary_) {
      *writable = Tensor();
      program->temporary_.push_back(writable);
    }
    return std::move(program);
  }

  std::unique_ptr<Program> program{new Program};

 private:
  struct Inside {
    explicit Inside(int& depth) : depth(depth) { ++depth; }
    ~Inside() { --depth; }
    int& depth;
  };

  Tensor* new_slots(std::span<const Tensor> content) {
    std::vector<Tensor>& block = program->slots_.emplace_back(content.begin(), content.end());
    for (Tensor& slot : block) temporary_.emplace(&slot, &slot);
    return block.data();
  }

  bool is_argument(const Tensor* slot) const {
    const auto& first = program->slots_.front();
    return std::ranges::any_of(first, [&](const Tensor& x) { return &x == slot; });
  }

  const Tensor* slot_for(const Tensor& x) {
    if (!x.defined()) return &kNone;
    if (const auto found = slot_of_.find(x.cell()); found != slot_of_.end()) return found->second;
    Tensor* slot = new_slots({&x, 1});
    slot_of_[x.cell()] = slot;
    if (!born_cells_.contains(x.cell())) {
      program->captured_.push_back({slot, x.requires_grad()});
      captured_.insert(slot);
    } else if (!x.cell()->weak) {  // somebody may change it, or keep it: each replay needs its own
      const NoGrad guard;
      Function copy = [saved = clone(x)](Inputs, Tensor* out) { *out = clone(saved); };
      program->entries_.push_back({std::move(copy), {}, slot, false, {}});
      results_of_.push_back(1);
      constants_.insert(slot);
      return slot;
    }
    temporary_.erase(slot);  // a captured tensor, or a number, which nobody can change
    return slot;
  }

  std::unordered_map<const Cell*, const Tensor*> slot_of_;
  std::unordered_map<const Tensor*, Tensor*> temporary_;
  std::unordered_set<const Tensor*> captured_, constants_;
  std::vector<std::size_t> results_of_;  // by entry
  std::vector<Tensor> born_;             // kept, so that no cell's address comes twice
  std::unordered_set<const Cell*> born_cells_, grads_changed_;
  bool backward_seen_ = false;
  std::string failed_;
  int depth_ = 0;
};

// --- what the engine's sources call ----------------------------------------------------------------------------------
bool notes_here() { return notes && !notes->inside(); }
void call(Inputs in, std::span<Tensor> out, Function f) { notes->call(in, out, std::move(f)); }
void update(Inputs in, Update numbers, std::function<void(Inputs, const Update&)> f) {
  notes->update(in, std::move(numbers), std::move(f));
}
void will_draw_from(Generator* generator) { notes->draws_from(generator); }
Tensor grad_of(const Tensor& x) { return notes->grad_of(x); }
void grad_changes(const Cell* leaf) { notes->grad_changes(leaf); }
void born(Cell* cell) { notes->born(cell); }
void check_read(const Cell& cell) { notes->check_read(cell); }
void refuse(std::string_view what, std::string_view instead) { notes->refuse(what, instead); }

// --- recording ---------------------------------------------------------------------------------------------------------
Recording::Recording(std::span<const Tensor> arguments) {
  if (notes) throw CaptureError("compile: this thread is recording a step already");
  notes_ = std::make_unique<Notes>(arguments);
  notes = notes_.get();
  recordings.fetch_add(1, std::memory_order_relaxed);
}

Recording::~Recording() { stop(); }

void Recording::stop() {
  if (notes != notes_.get()) return;  // it has stopped before
  notes = nullptr;
  recordings.fetch_sub(1, std::memory_order_relaxed);
}

std::unique_ptr<Program> Recording::finish(std::span<const Tensor> results) {
  auto program = notes_->finish(results);
  stop();
  return program;
}
const std::vector<std::shared_ptr<Update>>& Recording::updates() const { return notes_->program->updates_; }

// --- replaying ---------------------------------------------------------------------------------------------------------
bool Program::fits(std::span<const Tensor> arguments) {
  for (const Captured& captured : captured_)
    if (captured.slot->requires_grad() != captured.requires_grad) return false;
  std::vector<Tensor>& own = slots_.front();
  for (const GradGuard& guard : grad_guards_) {
    const std::ptrdiff_t k = guard.slot - own.data();
    const bool argument = std::less_equal<>{}(own.data(), guard.slot) && std::less<>{}(guard.slot, own.data() + own.size());
    const Tensor& x = argument ? arguments[static_cast<std::size_t>(k)] : *guard.slot;
    if ((x.cell()->grad() != nullptr) != guard.defined) return false;
  }
  return true;
}

void Program::replay(std::span<const Tensor> arguments, std::span<Tensor> results) {
  if (thread_ != std::this_thread::get_id())
    throw ThreadError("compile: this step was recorded by another thread; compile one for each thread");
  if (arguments.size() != slots_.front().size() || results.size() != results_.size())
    throw CaptureError("compile: a replay takes " + std::to_string(slots_.front().size()) + " arguments and gives " +
                       std::to_string(results_.size()) + " results, not " + std::to_string(arguments.size()) + " and " +
                       std::to_string(results.size()));
  if (running_) throw CaptureError("compile: a step cannot be replayed from within its own replay");
  struct Running {  // whatever happens, slots are empty and the switches as before
    explicit Running(Program& p) : program(p), before(grad_enabled()) { program.running_ = true; }
    ~Running() {
      program.running_ = false;
      set_grad_enabled(before);
      for (Tensor* slot : program.temporary_)
        if (slot->defined()) *slot = Tensor();
    }
    Program& program;
    bool before;
  } running(*this);
  std::ranges::copy(arguments, slots_.front().begin());
  bool grad = running.before;
  for (const Entry& entry : entries_) {
    if (grad != entry.grad_enabled) set_grad_enabled(grad = entry.grad_enabled);
    entry.function(entry.in, entry.out);
    for (Tensor* slot : entry.last_use) *slot = Tensor();
  }
  for (std::size_t k = 0; k < results_.size(); ++k) results[k] = *results_[k];
}

// --- comparing ---------------------------------------------------------------------------------------------------------
std::vector<Tensor> Program::changeable(std::span<const Tensor> arguments) const {
  std::vector<Tensor> all(arguments.begin(), arguments.end());
  for (const Captured& captured : captured_) all.push_back(*captured.slot);
  return all;
}

Snapshot Program::snapshot(std::span<const Tensor> arguments) const {
  const NoGrad guard;
  Snapshot now;
  for (const Tensor& x : changeable(arguments)) {
    now.numbers.push_back(clone(x));
    now.held_grads.push_back(x.grad());
    now.grads.push_back(x.grad().defined() ? clone(x.grad()) : Tensor());
  }
  for (const Generator* generator : generators_) now.generators.push_back({generator->seed(), generator->next_block()});
  return now;
}

void Program::restore(std::span<const Tensor> arguments, const Snapshot& then) const {
  const NoGrad guard;
  const auto all = changeable(arguments);
  for (std::size_t k = 0; k < all.size(); ++k) {
    copy_elements(then.numbers[k], all[k]);
    if (then.grads[k].defined()) copy_elements(then.grads[k], then.held_grads[k]);
    if (then.held_grads[k].defined() || all[k].cell()->grad()) Tensor(all[k]).set_grad(then.held_grads[k]);
  }
  for (std::size_t k = 0; k < generators_.size(); ++k) generators_[k]->set_state(then.generators[k][0], then.generators[k][1]);
}

std::string Program::difference(std::span<const Tensor> arguments, const Snapshot& then) const {
  const auto all = changeable(arguments);
  for (std::size_t k = 0; k < all.size(); ++k) {
    const Tensor grad = all[k].grad();
    const bool an_argument = k < arguments.size();
    const std::string which = std::string(an_argument ? "argument " : "captured tensor ") +
                              std::to_string(an_argument ? k : k - arguments.size()) + " (shape " + to_string(all[k].shape()) +
                              (all[k].requires_grad() ? ", requires grad)" : ")");
    if (grad.defined() != then.grads[k].defined() || (grad.defined() && !same_bits(grad, then.grads[k]))) return "the gradient of " + which;
    if (!same_bits(all[k], then.numbers[k])) return which;
  }
  for (std::size_t k = 0; k < generators_.size(); ++k)
    if (generators_[k]->seed() != then.generators[k][0] || generators_[k]->next_block() != then.generators[k][1]) return "a generator";
  return "";
}

}  // namespace trigrad::capture
