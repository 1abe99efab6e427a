// Stands in for parts of the C and C++ runtimes that would be a tenth of the compressed module, and
// of which it needs next to nothing.
#include <emscripten.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

extern "C" {

// The demangler would only make the type names of uncaught exceptions readable, and printing them
// needs all of printf; the border reads the messages of exceptions instead.
char* __cxa_demangle(const char*, char*, size_t*, int* status) {
  constexpr int invalid_name = -2;
  if (status) *status = invalid_name;
  return nullptr;
}

[[noreturn]] void abort_message(const char*, ...) {
  std::abort();
}

// JavaScript reads decimal numbers as exactly, and without arithmetic in 128 bits. Only the parser
// of JSON reads numbers, and only texts that are one from end to end.
EM_JS(double, gesso_number, (const char* text), { return Number(UTF8ToString(text)); })
EM_JS_DEPS(gesso_number, "$UTF8ToString")

double strtod(const char* text, char** end) {
  if (end) *end = const_cast<char*>(text) + std::strlen(text);
  return gesso_number(text);
}
float strtof(const char* text, char** end) {
  return float(strtod(text, end));
}
long double strtold(const char* text, char** end) {
  return strtod(text, end);
}

// Only that parser prints, into messages which ours replace.
int snprintf(char* text, size_t size, const char*, ...) {
  if (size > 0) *text = 0;
  return 0;
}

}  // extern "C"
