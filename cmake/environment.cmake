# What set-up found and built, outside the tree: see tools/setup.mjs.
set(GESSO_ENVIRONMENT "${CMAKE_CURRENT_LIST_DIR}/../build/environment.json")

# gesso_setting(variable key…) reads one entry of the file that set-up wrote.
function(gesso_setting variable)
  set(value NOTFOUND)
  if(EXISTS "${GESSO_ENVIRONMENT}")
    file(READ "${GESSO_ENVIRONMENT}" json)
    string(JSON value ERROR_VARIABLE error GET "${json}" ${ARGN})
  endif()
  if(NOT value)
    string(REPLACE ";" "." key "${ARGN}")
    message(FATAL_ERROR "The build needs what set-up prepares.\n  missing  ${key}\n"
                        "  in       ${GESSO_ENVIRONMENT}\n  Try: node tools/setup.mjs")
  endif()
  set(${variable} "${value}" PARENT_SCOPE)
endfunction()
