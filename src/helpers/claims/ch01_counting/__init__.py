"""Chapter 01: experiments and claims."""
