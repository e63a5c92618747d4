// Writes numbers in words: with the fewest digits that are read back as the same number, as Python's
// repr does (but whole ones without a point), or with three significant digits. Exactly, in whole
// numbers. What would need an exponent, and some powers of two, it leaves to others.

typedef unsigned __int128 u128;
typedef struct { u64 digits; i32 point; } Decimal;   // digits / 10 ** point

enum { LONGEST_NUMBER = 40, FEW_DIGITS = 3, MANY_DIGITS = 15, ALL_DIGITS = 17 };

static const u64 ten_to[20] = {
  1ull, 10ull, 100ull, 1000ull, 10000ull, 100000ull, 1000000ull, 10000000ull, 100000000ull,
  1000000000ull, 10000000000ull, 100000000000ull, 1000000000000ull, 10000000000000ull,
  100000000000000ull, 1000000000000000ull, 10000000000000000ull, 100000000000000000ull,
  1000000000000000000ull, 10000000000000000000ull,
};

// Within these, 0 apart, nothing has an exponent, and 128 bits are enough.
static int is_usual(double value) { return value >= 1e-4 && value < 1e15; }

// Takes a usual number apart: mantissa / 2 ** shift, the shift 3 to 66.
static u64 mantissa_of(double value, u32 *shift) {
  u64 bits;
  __builtin_memcpy(&bits, &value, 8);
  *shift = 1075 - (u32)(bits >> 52);
  return (bits & 0xfffffffffffffull) | 1ull << 52;
}

static u128 times_ten_to(u64 number, u32 power) {
  return power > 19 ? (u128)number * ten_to[19] * ten_to[power - 19] : (u128)number * ten_to[power];
}

// Returns a usual number times 10 ** point, rounded half to even.
static u64 scaled(double value, i32 point) {
  u32 shift;
  u64 mantissa = mantissa_of(value, &shift);
  if (point < 0) {
    u64 divisor = ten_to[-point] << shift, whole = mantissa / divisor, rest = mantissa % divisor;
    return whole + (rest > divisor - rest || (rest == divisor - rest && (whole & 1)));
  }
  u128 number = times_ten_to(mantissa, point), half = (u128)1 << (shift - 1);
  u64 whole = number >> shift;
  u128 rest = number & (((u128)1 << shift) - 1);
  return whole + (rest > half || (rest == half && (whole & 1)));
}

// Returns a usual number rounded to so many significant digits, half to even.
static Decimal nearest(double value, u32 digits) {
  i32 point = digits + 3;   // for the least usual number
  for (double least = 1e-3; value >= least && point > -15; least *= 10) point--;
  // `least` is not always a power of ten exactly.
  u64 found = scaled(value, point);
  if (found < ten_to[digits - 1]) found = scaled(value, ++point);
  if (found >= ten_to[digits]) found = scaled(value, --point);
  return (Decimal){found, point};
}

// Whether a decimal of a usual number lies nearer to it than to any other. 0, too: not easily told.
static int reads_back(Decimal decimal, double value) {
  u32 shift;
  u64 mantissa = mantissa_of(value, &shift);
  // The next number below a power of two is nearer than the one above.
  if (decimal.point < 0 || mantissa == 1ull << 52) return 0;
  u128 one = (u128)decimal.digits << shift, other = times_ten_to(mantissa, decimal.point);
  u128 apart = 2 * (one > other ? one - other : other - one), most = times_ten_to(1, decimal.point);
  return apart < most || (apart == most && !(mantissa & 1));
}

// Finds the decimal with the fewest digits that is read back as a usual number. Returns 0: not here.
static int shortest(double value, Decimal *to) {
  // Of up to 15 digits no two are the same number, so one that is read back is the only one. It is
  // read exactly: digits and power are whole numbers that a double counts.
  for (i32 point = 0; point < 20; point++) {
    double power = (double)ten_to[point], whole = value * power;
    if (whole >= 1e15) break;
    whole = __builtin_rint(whole);
    if (whole / power != value) continue;
    *to = (Decimal){(u64)whole, point};
    return 1;
  }
  for (u32 digits = MANY_DIGITS + 1; digits <= ALL_DIGITS; digits++) {
    *to = nearest(value, digits);
    if (reads_back(*to, value)) return 1;
  }
  return 0;
}

// Writes a decimal without zeros that say nothing. Returns its size.
static u32 write_decimal(u8 *to, Decimal decimal) {
  u8 text[LONGEST_NUMBER];
  u32 at = LONGEST_NUMBER;
  for (; decimal.point > 0 && decimal.digits % 10 == 0; decimal.point--) decimal.digits /= 10;
  for (; decimal.point < 0; decimal.point++) text[--at] = '0';
  for (i32 place = 0; place <= decimal.point || decimal.digits; place++) {
    if (place && place == decimal.point) text[--at] = '.';
    text[--at] = '0' + decimal.digits % 10;
    decimal.digits /= 10;
  }
  for (u32 i = at; i < LONGEST_NUMBER; i++) to[i - at] = text[i];
  return LONGEST_NUMBER - at;
}

// Writes the sign of a number and the digits of it that `found` is to be. Returns the size; 0: a number
// that is left to others.
static u32 write_signed(u8 *to, double value, int found, Decimal decimal) {
  if (!found) return 0;
  if (value < 0) *to++ = '-';
  return (value < 0) + write_decimal(to, decimal);
}

// Writes a number with the fewest digits that are read back as it. Returns the size, up to
// LONGEST_NUMBER; 0: it is left to others.
static u32 write_number(u8 *to, double value) {
  Decimal decimal = {0, 0};
  double size = __builtin_fabs(value);
  if (value == 0) return write_signed(to, value, !__builtin_signbit(value), decimal);
  return write_signed(to, value, is_usual(size) && shortest(size, &decimal), decimal);
}

static int side(double value, double limit) { return (value > limit) - (value < limit); }

// Writes a number with three significant digits, or with as many as it takes to lie on its side of a
// limit; otherwise as `write_number`.
static u32 write_rounded(u8 *to, double value, double limit) {
  double size = __builtin_fabs(value);
  if (!is_usual(size)) return write_number(to, value);
  for (u32 digits = FEW_DIGITS; digits <= MANY_DIGITS; digits++) {
    Decimal decimal = nearest(size, digits);
    double power = (double)ten_to[decimal.point < 0 ? -decimal.point : decimal.point];
    double rounded = decimal.point < 0 ? decimal.digits * power : decimal.digits / power;
    if (side(__builtin_copysign(rounded, value), limit) == side(value, limit))
      return write_signed(to, value, 1, decimal);
  }
  return 0;
}
