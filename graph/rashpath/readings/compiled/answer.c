// Writes the answer to a case from what was told of it: truths and sets become the bytes of protobuf
// fields. It knows no field and no word.

static const u64 *waits_of(u32 dose) { return decisive_of(im->decisive + dose); }
static const u64 *defeaters_of(u32 truth) { return waits_of(im->doses + truth); }

static int any(const u64 *facts) {
  for (u32 w = 0; w < im->fact_words; w++) if (facts[w]) return 1;
  return 0;
}

static int has(const u64 *facts, u32 fact) { return facts[fact / 64] >> fact % 64 & 1; }

static void add_recommendation(u32 place) {
  const Kept *words = site(place);
  if (!words) return;
  u8 *start = begin_message(its->recommendation_tag, 2);
  const u8 *part = bytes_of(words);
  for (u32 i = 0; i < PARTS; i++) {
    u32 dose = ITS(u32, dose)[place];
    if (i == 1) add_names(defeaters_of(place), ITS(Piece, defeater));
    if (i == 2) add_names(decisive_of(place), ITS(Piece, decisive));
    if (i == 3 && dose != NONE && its->clinician) {
      add_regimen(dose);
    } else if (FITS) {
      add_bytes(part, words->size[i]);
    }
    part += words->size[i];
  }
  end_message(start, 2);
}

static void add_findings(void) {
  const u32 words = im->fact_words;
  for (u32 i = 0; i < its->findings; i++) {
    Run run = ITS(Run, finding)[i];
    u8 seen = FALSE;
    u64 *facts = free_bits;   // of no more use for this case, and as wide at least
    clear(facts, words);
    for (u32 k = 0; k < run.count; k++) {
      seen |= told[run.first + k];
      unite(facts, decisive_of(run.first + k), words);
    }
    if (seen == FALSE) continue;
    const Kept *head = site(im->conclusions + i);
    if (!head) continue;
    u8 *start = begin_message(its->finding_tag, 2);
    if (FITS) add_bytes(bytes_of(head), head->size[0]);
    add_names(facts, ITS(Piece, found));
    end_message(start, 2);
  }
}

static int before(const Question *one, const Question *other) {
  if (one->calm != other->calm) return one->calm < other->calm;
  if (one->urgency != other->urgency) return one->urgency > other->urgency;
  if (one->count != other->count) return one->count > other->count;
  return one->fact < other->fact;
}

// Notes that a conclusion is among what a fact settles: `what` is its place, doubled, one more for its
// dose.
static void note_settled(u32 fact, u32 what) {
  Question *question = by_fact + fact;
  work++;
  const Conclusion *each = ITS(Conclusion, conclusion) + what / 2;
  settled[fact * 2 * its->conclusions + question->count++] = what;
  if (each->recommends && each->urgency > question->urgency) question->urgency = each->urgency;
}

static void note_all_settled(const u64 *facts, const Conclusion *first, u32 what) {
  const Conclusion *all = ITS(Conclusion, conclusion);
  for (u32 w = 0; w < im->fact_words; w++) {
    u64 rest = facts[w];
    // Each name once.
    for (u32 same = first->same; same != NONE; same = all[same].same)
      rest &= ~decisive_of(all[same].truth)[w];
    for (; rest; rest &= rest - 1) note_settled(64 * w + __builtin_ctzll(rest), what);
  }
}

static void add_questions(void) {
  static const Conclusion nameless = {.same = NONE};
  const Conclusion *all = ITS(Conclusion, conclusion);
  const u64 *danger = decisive_of(im->decisive - 1);
  for (u32 fact = 0; fact < im->facts; fact++)
    by_fact[fact] = (Question){fact, 0, 0, !has(danger, fact)};
  for (u32 i = 0; i < its->conclusions; i++) {
    note_all_settled(decisive_of(all[i].truth), all + i, 2 * i);
    if (all[i].dose != NONE && told[all[i].truth] == TRUE)
      note_all_settled(waits_of(all[i].dose), &nameless, 2 * i + 1);
  }
  u32 count = 0;
  for (u32 fact = 0; fact < im->facts; fact++) {
    if (!by_fact[fact].count) continue;
    u32 at = count++;
    for (; at && before(by_fact + fact, questions + at - 1); at--) questions[at] = questions[at - 1];
    questions[at] = by_fact[fact];
  }
  for (u32 i = 0; i < count; i++) {
    const Question *question = questions + i;
    const u32 *what = settled + question->fact * 2 * its->conclusions;
    u8 *start = begin_message(its->question_tag, 2);
    add_piece(ITS(Piece, first)[question->fact]);
    for (u32 k = 0; k < question->count; k++) {
      const Conclusion *each = all + what[k] / 2;
      add_piece(what[k] % 2 ? each->dose_name : each->name);
    }
    add_piece(ITS(Piece, sign)[(question->calm ? 0 : its->urgencies) + question->urgency]);
    add_piece(ITS(Piece, last)[question->fact]);
    end_message(start, 2);
  }
}

static void add_true(Run run, const Piece *pieces) {
  for (u32 i = 0; i < run.count; i++) if (told[run.first + i] == TRUE) add_piece(pieces[i]);
}

static void add_numbers(void) {
  for (u32 i = 0; i < its->numbers; i++) {
    const Shown *shown = ITS(Shown, number) + i;
    double value = told_numbers[i];
    // The first of its truths is that it exists.
    if (value != value || told[shown->state.first] != TRUE) {
      add_site(im->conclusions + its->findings + its->steps + i);
      continue;
    }
    u8 *start = begin_message(its->computed_tag, 1);
    add_piece(shown->first);
    add_piece(its->value_tag);
    if (FITS) add_bytes((u8 *)&value, 8);
    add_piece(shown->last);
    end_message(start, 1);
  }
}

// Adds the answer to the case that was decided last but for its id. Returns 0, or what it lacks.
static u32 add_answer(void) {
  missings = unworded = 0;
  const u32 *urgency = ITS(u32, urgency), *order = ITS(u32, by_urgency);
  u32 highest = 0, possible = 0, decided = 1;
  for (u32 i = 0; i < im->conclusions; i++) {
    u32 dose = ITS(u32, dose)[i];
    if (told[i] == UNKNOWN) decided = 0;
    if (told[i] == TRUE && dose != NONE && any(waits_of(dose))) decided = 0;
    if (told[i] == TRUE && urgency[i] > highest) highest = urgency[i];
    if (told[i] != FALSE && urgency[i] > possible) possible = urgency[i];
  }
  for (u32 i = im->conclusions; i < im->asking; i++) if (told[i] == UNKNOWN) decided = 0;
  add_piece(its->guideline);
  add_piece(ITS(Piece, status)[(decided * its->urgencies + highest) * its->urgencies + possible]);
  for (u32 i = 0; i < im->conclusions; i++)
    if (told[order[i]] == TRUE) add_recommendation(order[i]);
  for (u32 i = 0; i < im->conclusions; i++)
    if (told[order[i]] == UNKNOWN) add_recommendation(order[i]);
  add_findings();
  if (!decided) add_questions();
  add_true(its->contradictions, ITS(Piece, contradiction));
  add_implausible();
  add_true(its->cautions, ITS(Piece, caution));
  add_true(its->uncovered, ITS(Piece, not_covered));
  // The path does not show nodes that are not reached.
  for (u32 i = 0; i < its->steps; i++)
    if (told[ITS(Run, step)[i].first] != FALSE) add_site(im->conclusions + its->findings + i);
  add_piece(its->disclaimer);
  if (its->clinician) add_numbers();
  return missings || unworded ? WORDS_MISSING : FITS ? 0 : NO_ROOM;
}

// Writes the answer to the case that was decided last, with what could withdraw its recommendations.
// Returns its size, or, negated, WORDS_MISSING or NO_ROOM. Where words are missing, but neither sites nor
// numbers are told, it is left to the plain answer.
EXPORTED(i32, write_answer)(u32 handle) {
  of = (Words *)handle;
  its = of->wording;
  put = answer;
  u32 lacks = add_answer();
  return lacks ? -(i32)lacks : put - answer;
}
