// The part of cpuinfo that XNNPACK calls, answered by the compiler's own run-time support.
#pragma once
#include <stdbool.h>
#include <stdint.h>

static inline bool cpuinfo_initialize(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
#endif
  return true;
}

// XNNPACK tunes for single ARM cores; we do not tell them apart.
enum cpuinfo_uarch {
  cpuinfo_uarch_unknown,
  cpuinfo_uarch_cortex_a32,
  cpuinfo_uarch_cortex_a35,
  cpuinfo_uarch_cortex_a5,
  cpuinfo_uarch_cortex_a510,
  cpuinfo_uarch_cortex_a53,
  cpuinfo_uarch_cortex_a55,
  cpuinfo_uarch_cortex_a55r0,
  cpuinfo_uarch_cortex_a57,
  cpuinfo_uarch_cortex_a7,
  cpuinfo_uarch_cortex_a710,
  cpuinfo_uarch_cortex_a715,
  cpuinfo_uarch_cortex_a72,
  cpuinfo_uarch_cortex_a73,
  cpuinfo_uarch_cortex_a75,
  cpuinfo_uarch_cortex_a76,
  cpuinfo_uarch_cortex_a77,
  cpuinfo_uarch_cortex_a78,
  cpuinfo_uarch_cortex_x1,
  cpuinfo_uarch_cortex_x2,
  cpuinfo_uarch_cortex_x3,
  cpuinfo_uarch_dhyana,
  cpuinfo_uarch_exynos_m1,
  cpuinfo_uarch_exynos_m2,
  cpuinfo_uarch_exynos_m3,
  cpuinfo_uarch_exynos_m4,
  cpuinfo_uarch_exynos_m5,
  cpuinfo_uarch_krait,
  cpuinfo_uarch_kryo,
  cpuinfo_uarch_neoverse_n1,
  cpuinfo_uarch_neoverse_n2,
  cpuinfo_uarch_neoverse_v1,
  cpuinfo_uarch_neoverse_v2,
  cpuinfo_uarch_zen,
  cpuinfo_uarch_zen4
};
struct cpuinfo_uarch_info {
  enum cpuinfo_uarch uarch;
};
static const struct cpuinfo_uarch_info gesso_cpu = {cpuinfo_uarch_unknown};
static inline const struct cpuinfo_uarch_info* cpuinfo_get_uarch(uint32_t index) {
  (void)index;
  return &gesso_cpu;
}
static inline const struct cpuinfo_uarch_info* cpuinfo_get_core(uint32_t index) {
  return cpuinfo_get_uarch(index);
}

#define GESSO_HAS(name, answer)                 \
  static inline bool cpuinfo_has_##name(void) { \
    return answer;                              \
  }

#if defined(__x86_64__)
GESSO_HAS(x86_ssse3, __builtin_cpu_supports("ssse3"))
GESSO_HAS(x86_sse4_1, __builtin_cpu_supports("sse4.1"))
GESSO_HAS(x86_avx, __builtin_cpu_supports("avx"))
GESSO_HAS(x86_f16c, __builtin_cpu_supports("f16c"))
GESSO_HAS(x86_fma3, __builtin_cpu_supports("fma"))
GESSO_HAS(x86_avx2, __builtin_cpu_supports("avx2"))
GESSO_HAS(x86_avx512f, __builtin_cpu_supports("avx512f"))
GESSO_HAS(x86_avx512bw, __builtin_cpu_supports("avx512bw"))
GESSO_HAS(x86_avx512dq, __builtin_cpu_supports("avx512dq"))
GESSO_HAS(x86_avx512vl, __builtin_cpu_supports("avx512vl"))
// Kernels for these are not built: see native.cmake.
GESSO_HAS(x86_avx10, false)
GESSO_HAS(x86_avxvnni, false)
GESSO_HAS(x86_avx_vnni_int8, false)
GESSO_HAS(x86_avx512vbmi, false)
GESSO_HAS(x86_avx512vnni, false)
GESSO_HAS(x86_avx512fp16, false)
GESSO_HAS(x86_gfni, false)
GESSO_HAS(x86_amx_int8, false)
#else  // every 64-bit ARM has these
GESSO_HAS(arm_neon, true)
GESSO_HAS(arm_neon_fma, true)
GESSO_HAS(arm_neon_v8, true)
GESSO_HAS(arm_neon_fp16, true)
GESSO_HAS(arm_fp16_arith, false)
GESSO_HAS(arm_neon_fp16_arith, false)
GESSO_HAS(arm_neon_bf16, false)
GESSO_HAS(arm_neon_dot, false)
GESSO_HAS(arm_i8mm, false)
GESSO_HAS(arm_sve, false)
GESSO_HAS(arm_sve2, false)
GESSO_HAS(arm_sme, false)
GESSO_HAS(arm_sme2, false)
#endif
#undef GESSO_HAS
