// SPDX-License-Identifier: BSL-1.0
#pragma once
// A doubly linked list through hooks inside its elements: no allocation, O(1) unlink from anywhere.
// An element unlinks itself when it is destroyed. One thread.

namespace leash::detail {

template <class T>
class Hook {
 public:
  Hook() noexcept = default;
  Hook(const Hook&) = delete;
  Hook& operator=(const Hook&) = delete;
  ~Hook() { unlink(); }

  bool linked() const noexcept { return next_ != nullptr; }

  void unlink() noexcept {
    if (!linked()) return;
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = next_ = nullptr;
  }

 private:
  template <class>
  friend class List;
  Hook* prev_ = nullptr;
  Hook* next_ = nullptr;
};

// T derives from Hook<T>. If it is in several lists, it derives from Hook<Tag>, and List<T, Tag> uses that
// hook.
template <class T>
class List {
 public:
  List() noexcept { head_.prev_ = head_.next_ = &head_; }
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  ~List() {
    while (!empty()) head_.next_->unlink();
    head_.prev_ = head_.next_ = nullptr;
  }

  bool empty() const noexcept { return head_.next_ == &head_; }

  void push_back(Hook<T>& element) noexcept {
    element.prev_ = head_.prev_;
    element.next_ = &head_;
    head_.prev_->next_ = &element;
    head_.prev_ = &element;
  }

  Hook<T>* front() const noexcept { return empty() ? nullptr : head_.next_; }
  Hook<T>* back() const noexcept { return empty() ? nullptr : head_.prev_; }
  Hook<T>* next(const Hook<T>& element) const noexcept {
    return element.next_ == &head_ ? nullptr : element.next_;
  }

  Hook<T>* previous(const Hook<T>& element) const noexcept {
    return element.prev_ == &head_ ? nullptr : element.prev_;
  }

  // Moves every element of `other` to the end of this list.
  void splice(List& other) noexcept {
    if (other.empty()) return;
    other.head_.next_->prev_ = head_.prev_;
    other.head_.prev_->next_ = &head_;
    head_.prev_->next_ = other.head_.next_;
    head_.prev_ = other.head_.prev_;
    other.head_.prev_ = other.head_.next_ = &other.head_;
  }

 private:
  Hook<T> head_;
};

}  // namespace leash::detail
