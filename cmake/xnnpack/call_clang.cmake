# emcc, a script around clang, takes longer to start than clang to compile a small file. So it is asked
# once how it calls clang with these flags, and objects are made like that; linking stays with emcc.
# Where it does not say, it goes on to be called itself.
function(gesso_call_clang language)
  string(TOLOWER "${language}" suffix)
  set(empty "${CMAKE_CURRENT_BINARY_DIR}/empty.${suffix}")
  file(WRITE "${empty}" "")
  execute_process(COMMAND "${CMAKE_${language}_COMPILER}" -v ${ARGN} -c "${empty}" -o "${empty}.o"
                  ERROR_VARIABLE calls COMMAND_ERROR_IS_FATAL ANY)
  if(calls MATCHES "(^|\n) *([^\n]*clang[^\n]* -target wasm32[^\n]*) -v ")
    set(CMAKE_${language}_COMPILE_OBJECT
        "${CMAKE_MATCH_2} <DEFINES> <INCLUDES> <FLAGS> -o <OBJECT> -c <SOURCE>" PARENT_SCOPE)
  endif()
endfunction()
