"""Chapter 06: does training stay in the tangent space, and is "found iff there" true?"""
