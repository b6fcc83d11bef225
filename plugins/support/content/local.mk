# plugins/support/content: see the top of Makefile.am
