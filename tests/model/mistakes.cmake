# Planted mistakes: one text of the kernel's source (or of a model, where the mistake is its user's) is replaced in
# a copy, and the model compiled against the copy must report a violation. docs/kernel.md: what finds what.

# A model against a copy of `file` in which `from`, which must occur exactly once, has become `to`. A sixth
# argument names the variant to start from instead.
function(weft_substituted target model file from to)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${file})
  string(REGEX REPLACE "^(scheduler|runtime)/weft/" "weft/" copy ${file})
  if(ARGC GREATER 5)
    file(READ ${CMAKE_CURRENT_BINARY_DIR}/copies/variant_${ARGV5}/${copy} text)
  else()
    file(READ ${PROJECT_SOURCE_DIR}/${file} text)
  endif()
  string(REPLACE "${from}" "" without "${text}")
  string(LENGTH "${text}" all)
  string(LENGTH "${without}" rest)
  string(LENGTH "${from}" one)
  math(EXPR taken "${all} - ${rest}")
  if(NOT taken EQUAL one)
    message(FATAL_ERROR "${target}: ${file} must contain this text exactly once:\n${from}")
  endif()
  string(REPLACE "${from}" "${to}" text "${text}")

  set(copies ${CMAKE_CURRENT_BINARY_DIR}/copies/${target})
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/${model}_model.cpp)
  if(file MATCHES "_model\\.cpp$")
    set(copy ${copies}/${model}_model.cpp)
    set(source ${copy})
  else()
    set(copy ${copies}/${copy})
  endif()
  file(CONFIGURE OUTPUT ${copy} CONTENT "@text@" @ONLY)
  weft_model(${target} ${source} ${copies})
endfunction()

function(weft_mistake name model file from to)
  weft_substituted(mistake_${name} ${model} ${file} "${from}" "${to}" ${ARGN})
  add_test(NAME mistake_${name} COMMAND mistake_${name} --expect-violation)
  set_tests_properties(mistake_${name} PROPERTIES LABELS model)
endfunction()

# No mistake: a constant made small, so that the model reaches what it guards.
function(weft_variant name model file from to)
  weft_substituted(variant_${name} ${model} ${file} "${from}" "${to}")
  add_test(NAME variant_${name} COMMAND variant_${name})
  set_tests_properties(variant_${name} PROPERTIES LABELS model)
endfunction()

set(parker scheduler/weft/detail/parker.hpp)
set(list scheduler/weft/detail/wait_list.hpp)
set(job scheduler/weft/detail/job.hpp)
set(deque scheduler/deque.hpp)
set(claim scheduler/claim.hpp)
set(part_end runtime/weft/detail/part_end.hpp)
set(idle scheduler/idle.hpp)

# ---- parker
weft_mistake(park_over_kick parker ${parker}
  [[phase == phase_published || ((w & kick_bit) != 0 && phase != phase_claimed)]] [[phase == phase_published]])
weft_mistake(park_over_published parker ${parker}
  [[phase == phase_published || ((w & kick_bit) != 0 && phase != phase_claimed)]]
  [[(w & kick_bit) != 0 && phase != phase_claimed]])
weft_mistake(kick_skipped parker ${parker}
  [[      bool const wakes = (w & parked_bit) != 0]]
  [[      if ((w & kick_bit) != 0) return false;
      bool const wakes = (w & parked_bit) != 0]])
weft_mistake(kick_wakes_claimed parker ${parker}
  [[(w & parked_bit) != 0 && (w & phase_mask) != phase_claimed;]] [[(w & parked_bit) != 0;]])
weft_mistake(kick_releases_nothing parker ${parker}
  [[w, n, std::memory_order_seq_cst, std::memory_order_relaxed)) return wakes]]
  [[w, n, std::memory_order_acquire, std::memory_order_relaxed)) return wakes]])
weft_mistake(kick_leaves_parked parker ${parker}
  [[auto const n = (w | kick_bit) & ~(wakes ? parked_bit : 0);]] [[auto const n = w | kick_bit;]])
weft_mistake(epoch_ignored parker ${parker}
  [[w >> epoch_shift != e || (w & phase_mask) != phase_open]] [[((void)e, w & phase_mask) != phase_open]])
weft_mistake(claim_twice parker ${parker}
  [[w >> epoch_shift != e || (w & phase_mask) != phase_open]] [[w >> epoch_shift != e]])
weft_mistake(publish_schedules_always parker ${parker}
  [[    return (w & parked_bit) != 0;]] [[    return true;]])
weft_mistake(publish_releases_nothing parker ${parker}
  [[(w | phase_published) & ~parked_bit, std::memory_order_acq_rel,]]
  [[(w | phase_published) & ~parked_bit, std::memory_order_acquire,]])
weft_mistake(close_after_claim parker ${parker}
  [[      if ((w & phase_mask) != phase_open) return false;
    } while (!word_.compare_exchange_weak(w, w & ~phase_mask,]]
  [[    } while (!word_.compare_exchange_weak(w, w & ~phase_mask,]])
weft_mistake(context_not_released parker ${parker}
  [[w, w | parked_bit, std::memory_order_acq_rel,]] [[w, w | parked_bit, std::memory_order_relaxed,]])
weft_mistake(halt_leaves_parked parker ${parker}
  [[w, w & ~parked_bit, std::memory_order_acq_rel,]] [[w, w, std::memory_order_acq_rel,]])
weft_mistake(halt_acquires_nothing parker ${parker}
  [[w, w & ~parked_bit, std::memory_order_acq_rel,]] [[w, w & ~parked_bit, std::memory_order_relaxed,]])
weft_mistake(halted_and_forgotten parker tests/model/parker_model.cpp
  [[  if (!f.commit_park()) model::fiber::schedule(f);]] [[  (void)f.commit_park();]])
weft_mistake(publish_before_write parker tests/model/parker_model.cpp
  [[    granted = what;
    value = what;
    if (owner.publish()) model::fiber::schedule(owner);]]
  [[    granted = what;
    bool const wakes = owner.publish();
    value = what;
    if (wakes) model::fiber::schedule(owner);]])
weft_mistake(clear_after_look parker tests/model/parker_model.cpp
  [[      (void)owner.clear_kick();
      int seen = 0;
      for (int i = 0; i != count; ++i) seen += news[i].load(relaxed);]]
  [[      int seen = 0;
      for (int i = 0; i != count; ++i) seen += news[i].load(relaxed);
      (void)owner.clear_kick();]])

# ---- list
weft_variant(batches_of_one wait_list ${list} [[batch_size = 32]] [[batch_size = 1]])
weft_mistake(close_without_lock wait_list ${list} [[w | lock_bit | closed_bit]] [[w | closed_bit]])
weft_mistake(remove_without_look wait_list ${list} [[bool const mine = n.linked;]] [[bool const mine = true;]])
weft_mistake(push_after_close wait_list ${list}
  [[      if (w & closed_bit) {
        n.linked = false;]]
  [[      if (w == closed_bit && n.next == nullptr) {
        n.linked = false;]])
weft_mistake(node_read_after_unlock wait_list ${list}
  [[            wake(*batch[i].who);]] [[            wake(*static_cast<parker*>(batch[i].callback->who));]])
weft_mistake(unlock_releases_nothing wait_list ${list}
  [[word_.store(w, std::memory_order_release); }]] [[word_.store(w, std::memory_order_relaxed); }]])
weft_mistake(registering_releases_nothing wait_list ${list}
  [[compare_exchange_weak(w, address(n), std::memory_order_acq_rel,]]
  [[compare_exchange_weak(w, address(n), std::memory_order_relaxed,]])
weft_mistake(grant_without_claim wait_list ${list}
  [[        if (who->claim(n->when)) {]] [[        if (who->claim(n->when) || true) {]])
weft_mistake(closed_forgotten_by_remove wait_list ${list}
  [[(pointer_mask | list_bit)) | (w & closed_bit));]] [[(pointer_mask | list_bit)));]] batches_of_one)

# ---- deque
weft_mistake(pop_without_fence deque ${deque}
  [[bottom_.exchange(b, std::memory_order_seq_cst);]] [[bottom_.store(b, std::memory_order_release);]])
weft_mistake(pop_reads_old_top deque ${deque}
  [[    auto t = top_.load(std::memory_order_seq_cst);
    if (t > b) {]]
  [[    auto t = top_.load(std::memory_order_relaxed);
    if (t > b) {]])
weft_mistake(pop_without_exchange_for_last deque ${deque}
  [[if (!top_.compare_exchange_strong(t, t + 1, std::memory_order_seq_cst, std::memory_order_relaxed)) x = nullptr;]]
  [[top_.store(t + 1, std::memory_order_seq_cst);]])
weft_mistake(thief_without_exchange deque ${deque}
  [[    if (top_.compare_exchange_strong(t, t + 1, std::memory_order_seq_cst, std::memory_order_relaxed)) return x;
    lost = true;
    return nullptr;]]
  [[    (void)lost;
    top_.store(t + 1, std::memory_order_seq_cst);
    return x;]])
weft_mistake(thief_reads_old_bottom deque ${deque}
  [[auto const b = bottom_.load(std::memory_order_seq_cst);]] [[auto const b = bottom_.load(std::memory_order_relaxed);]])
weft_mistake(push_releases_nothing deque ${deque}
  [[->at(b).store(x, std::memory_order_relaxed);
    bottom_.store(b + 1, std::memory_order_release);]]
  [[->at(b).store(x, std::memory_order_relaxed);
    bottom_.store(b + 1, std::memory_order_relaxed);]])
weft_mistake(push_before_write deque ${deque}
  [[    buffer_.load(std::memory_order_relaxed)->at(b).store(x, std::memory_order_relaxed);
    bottom_.store(b + 1, std::memory_order_release);]]
  [[    bottom_.store(b + 1, std::memory_order_release);
    buffer_.load(std::memory_order_relaxed)->at(b).store(x, std::memory_order_relaxed);]])
weft_mistake(bottom_not_restored deque ${deque}
  [[    if (t > b) {
      bottom_.store(b + 1, std::memory_order_release);]]
  [[    if (t > b) {]])
weft_mistake(grown_buffer_releases_nothing deque ${deque}
  [[buffers_.back().get(), std::memory_order_release);]] [[buffers_.back().get(), std::memory_order_relaxed);]])
weft_mistake(room_always deque ${deque}
  [[    return b - top_seen_ < capacity;
  }]]
  [[    return true;
  }]])

# ---- claim and join
weft_mistake(plain_claim_with_two_handles join ${claim}
  [[child.sole_handle() && child.unclaimed()]] [[child.unclaimed()]])
weft_mistake(plain_claim_of_a_claimed_job join ${claim}
  [[child.sole_handle() && child.unclaimed()]] [[child.sole_handle()]])
weft_mistake(state_looked_at_before_handles join ${claim}
  [[child.sole_handle() && child.unclaimed()]] [[child.unclaimed() && child.sole_handle()]])
weft_mistake(handles_read_relaxed join ${job}
  [[(owners_.load(std::memory_order_acquire) & ~entries_mask) == one_handle]]
  [[(owners_.load(std::memory_order_relaxed) & ~entries_mask) == one_handle]])
weft_mistake(claim_without_exchange join ${job}
  [[    auto expected = job_state::queued;
    return state_.compare_exchange_strong(expected, job_state::running, std::memory_order_acq_rel,
                                          std::memory_order_relaxed);]]
  [[    if (!unclaimed()) return false;
    state_.store(job_state::running, std::memory_order_seq_cst);
    return true;]])
weft_mistake(last_owner_acquires_nothing join ${job}
  [[    return owners_.load(std::memory_order_acquire) == what ||]] [[    return owners_.load(std::memory_order_relaxed) == what ||]])
weft_mistake(reference_released_too_weakly join ${job}
  [[owners_.fetch_sub(what, std::memory_order_acq_rel)]] [[owners_.fetch_sub(what, std::memory_order_relaxed)]])
weft_mistake(entry_not_an_owner join tests/model/join_model.cpp
  [[entry_reference = job::one_entry;]] [[entry_reference = 0;]])
weft_mistake(plain_finish_judged_too_early join tests/model/join_model.cpp
  [[          body(b);
          if (b.sole_handle()) {]]
  [[          if (bool const alone = b.sole_handle(); body(b), alone) {]])
weft_mistake(request_not_read_at_claim join tests/model/join_model.cpp
  [[bool pending = requests.load(seq_cst) != 0;]] [[bool pending = false;]])
weft_mistake(request_read_too_weakly join tests/model/join_model.cpp
  [[bool pending = requests.load(seq_cst) != 0;]] [[bool pending = requests.load(relaxed) != 0;]])
weft_mistake(request_read_before_the_fence join tests/model/join_model.cpp
  [[    (void)runner[me].open();  // the locked operation that the path has anyway
    bool pending = requests.load(seq_cst) != 0;]]
  [[    bool pending = requests.load(seq_cst) != 0;
    (void)runner[me].open();]])
weft_mistake(request_after_looking_for_the_fiber join tests/model/join_model.cpp
  [[    (void)requests.fetch_or(1, seq_cst);
    int const f = fiber.load(seq_cst);]]
  [[    int const f = fiber.load(seq_cst);
    (void)requests.fetch_or(1, seq_cst);]])
weft_mistake(trim_buries_the_living join ${claim}
  [[if (x->unclaimed()) {]] [[if (false) {]])
weft_mistake(trim_keeps_the_living_to_itself join ${claim}
  [[      own.push(x);
]] [[]])
weft_mistake(trim_buries_what_is_stolen join ${claim}
  [[while (Job* const x = own.pop()) {]]
  [[while (Job* const x = own.newest()) {
    (void)own.pop();]])

# ---- team
weft_mistake(part_done_releases_nothing team ${part_end}
  [[stage::done, std::memory_order_release, std::memory_order_acquire)) return nullptr;]]
  [[stage::done, std::memory_order_relaxed, std::memory_order_acquire)) return nullptr;]])
weft_mistake(awaited_part_done_releases_nothing team ${part_end}
  [[at_.store(stage::done, std::memory_order_release);]] [[at_.store(stage::done, std::memory_order_relaxed);]])
weft_mistake(part_awaited_releases_nothing team ${part_end}
  [[stage::awaited, std::memory_order_release, std::memory_order_acquire);]]
  [[stage::awaited, std::memory_order_relaxed, std::memory_order_acquire);]])
weft_mistake(part_awaited_too_late_acquires_nothing team ${part_end}
  [[stage::awaited, std::memory_order_release, std::memory_order_acquire);]]
  [[stage::awaited, std::memory_order_release, std::memory_order_relaxed);]])
weft_mistake(part_done_late_acquires_nothing team ${part_end}
  [[stage::done, std::memory_order_release, std::memory_order_acquire)) return nullptr;]]
  [[stage::done, std::memory_order_release, std::memory_order_relaxed)) return nullptr;]])
weft_mistake(part_over_acquires_nothing team ${part_end}
  [[at_.load(std::memory_order_acquire) == stage::done]] [[at_.load(std::memory_order_relaxed) == stage::done]])
weft_mistake(whom_to_kick_said_too_late team ${part_end}
  [[    forker_ = &forker;
    auto was = stage::unjoined;
    return at_.compare_exchange_strong(was, stage::awaited, std::memory_order_release, std::memory_order_acquire);]]
  [[    auto was = stage::unjoined;
    bool const waits = at_.compare_exchange_strong(was, stage::awaited, std::memory_order_release, std::memory_order_acquire);
    forker_ = &forker;
    return waits;]])
weft_mistake(part_read_after_done team ${part_end}
  [[    parker* const waiting = forker_;
    at_.store(stage::done, std::memory_order_release);
    return waiting;]]
  [[    at_.store(stage::done, std::memory_order_release);
    return forker_;]])
weft_mistake(part_done_without_exchange team ${part_end}
  [[    auto was = stage::unjoined;
    if (at_.compare_exchange_strong(was, stage::done, std::memory_order_release, std::memory_order_acquire)) return nullptr;]]
  [[    if (at_.load(std::memory_order_acquire) == stage::unjoined) {
      at_.store(stage::done, std::memory_order_seq_cst);
      return nullptr;
    }]])
weft_mistake(part_awaited_without_exchange team ${part_end}
  [[    auto was = stage::unjoined;
    return at_.compare_exchange_strong(was, stage::awaited, std::memory_order_release, std::memory_order_acquire);]]
  [[    if (at_.load(std::memory_order_acquire) != stage::unjoined) return false;
    at_.store(stage::awaited, std::memory_order_seq_cst);
    return true;]])
weft_mistake(part_kicked_before_done team tests/model/team_model.cpp
  [[    if (parker* const waiting = p->end.finish(); waiting != nullptr && waiting->kick()) model::fiber::schedule(*waiting);]]
  [[    forker.kick_it();
    (void)p->end.finish();]])
weft_mistake(taker_says_who_too_weakly team tests/model/team_model.cpp [[runner.store(1, seq_cst);]] [[runner.store(1, release);]])
weft_mistake(taker_looks_too_weakly team tests/model/team_model.cpp [[said.load(seq_cst) == 0]] [[said.load(relaxed) == 0]])
weft_mistake(taker_looks_before_it_says_who team tests/model/team_model.cpp
  [[    runner.store(1, seq_cst);
    if (said.load(seq_cst) == 0) {]]
  [[    bool const goes = said.load(seq_cst) == 0;
    runner.store(1, seq_cst);
    if (goes) {]])
weft_mistake(forker_looks_too_weakly team tests/model/team_model.cpp [[if (runner.load(seq_cst) == 0) return;]] [[if (runner.load(relaxed) == 0) return;]])
weft_mistake(forker_looks_before_it_says_stop team tests/model/team_model.cpp
  [[    (void)said.fetch_or(1, seq_cst);
    if (runner.load(seq_cst) == 0) return;]]
  [[    bool const nobody = runner.load(seq_cst) == 0;
    (void)said.fetch_or(1, seq_cst);
    if (nobody) return;]])

# ---- idle
weft_mistake(idle_relied_on_in_vain idle ${idle} [[while (needs_waker(std::memory_order_seq_cst));]] [[while (false);]])
weft_mistake(idle_looks_again_too_early idle ${idle}
  [[      searching_.fetch_sub(1, std::memory_order_seq_cst);
    } while (needs_waker(std::memory_order_seq_cst));]]
  [[      if (sleeping_.load(std::memory_order_seq_cst) == 0) {
        searching_.fetch_sub(1, std::memory_order_seq_cst);
        return;
      }
      searching_.fetch_sub(1, std::memory_order_seq_cst);
    } while (true);]])
weft_mistake(idle_without_fence idle tests/model/idle_model.cpp [[    detail::heavy_fence();
    bool const sleeps]] [[    bool const sleeps]])
weft_mistake(idle_without_last_look idle tests/model/idle_model.cpp [[bool const sleeps = !work_left();]] [[bool const sleeps = true;]])
weft_mistake(idle_not_counted_as_searcher idle ${idle}
  [[      w = pop();
      searching_.fetch_add(1, std::memory_order_acq_rel);]] [[      w = pop();]])
