// The colours that the visitor chose, before anything is painted.
try {
  const theme = localStorage.getItem('gesso-theme');
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // Where nothing may be stored, pages are as light or dark as the system.
}
