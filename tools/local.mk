# tools: see the top of Makefile.am
